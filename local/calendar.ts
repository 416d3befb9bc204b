/**
 * A module, to be given to `node --import`, that sets the process's calendar to another time, as a wrong
 * clock of its machine would. Its parent can set it further by a message `{ calendarMs }`, which is
 * answered.
 */
export function shiftedCalendar(ms: number): string {
  const source = `
    const Real = Date;
    let ahead = ${ms};
    globalThis.Date = class extends Real {
      constructor(...given) { given.length === 0 ? super(Real.now() + ahead) : super(...given); }
      static now() { return Real.now() + ahead; }
    };
    process.on('message', (message) => {
      if (typeof message?.calendarMs !== 'number') return;
      ahead = message.calendarMs;
      process.send('calendar set');
    });`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
