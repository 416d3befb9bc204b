/**
 * A module, to be given to `node --import`, that sets the process's calendar to another time, as a wrong
 * clock of its machine would.
 */
export function shiftedCalendar(ms: number): string {
  const source = `
    const Real = Date;
    globalThis.Date = class extends Real {
      constructor(...given) { given.length === 0 ? super(Real.now() + ${ms}) : super(...given); }
      static now() { return Real.now() + ${ms}; }
    };`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
