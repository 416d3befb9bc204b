import { randomUUID } from 'node:crypto';
import type { Clock } from '../../shared/base/clock.js';
import type { FunctionMetadata, LogSink } from './core-api.js';
import type { Dispatcher } from './dispatcher.js';
import { traceContext } from './trace.js';

/** What the timer side of the host is made of. */
export interface TimerOptions {
  readonly functions: readonly FunctionMetadata[];
  readonly dispatcher: Dispatcher;
  readonly hasTelemetry: boolean;
  readonly clock: Clock;
  readonly log: LogSink;
}

/**
 * Runs the app's timers. The real host keeps their state in storage, so that of several instances one runs a
 * timer, and one that was missed is run late; this one does neither.
 *
 * @returns what stops them
 * @throws when a schedule is not understood
 */
export function startTimers({ functions, dispatcher, hasTelemetry, clock, log }: TimerOptions): () => void {
  const offs = functions.flatMap(({ name: functionName, bindings }) =>
    Object.entries(bindings).flatMap(([bindingName, { type, schedule }]) => {
      if (type?.toLowerCase() !== 'timertrigger') return [];
      const nextMs = schedules(String(schedule));
      const run = async () => {
        const { result } = await dispatcher.dispatch(functionName, {
          invocationId: randomUUID(),
          inputData: [
            { name: bindingName, data: { json: '{"Schedule":{"AdjustForDST":true},"IsPastDue":false}' } },
          ],
          triggerMetadata: {},
          traceContext: traceContext({}, hasTelemetry),
        });
        await result;
      };
      let turnOff = () => {};
      const wait = () => {
        turnOff = clock.alarm(nextMs(clock.epochMs()) - clock.epochMs(), () => {
          wait();
          run().catch(({ message }: Error) =>
            log({ level: 'error', category: 'system', functionName, message }),
          );
        });
      };
      wait();
      return [() => turnOff()];
    }),
  );
  return () => {
    for (const off of offs) off();
  };
}

/** NCRONTAB: seconds, minutes, hours, day, month, day of the week, in UTC. Of its forms, numbers and `*`. */
function schedules(expression: string): (afterMs: number) => number {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 6 || fields.some((field) => !/^(?:\*|\d+)$/.test(field))) {
    throw new Error(`The schedule "${expression}" is not supported: six fields, each a number or *.`);
  }
  const fits = (at: Date) => {
    const parts = [
      at.getUTCSeconds(),
      at.getUTCMinutes(),
      at.getUTCHours(),
      at.getUTCDate(),
      at.getUTCMonth() + 1,
      at.getUTCDay(),
    ];
    return fields.every((field, n) => field === '*' || Number(field) === parts[n]);
  };
  const [seconds] = fields;
  const stepMs = seconds === '*' ? 1_000 : 60_000;
  const offsetMs = seconds === '*' ? 0 : Number(seconds) * 1_000;
  return (afterMs) => {
    let atMs = Math.floor(afterMs / stepMs) * stepMs + offsetMs;
    while (atMs <= afterMs || !fits(new Date(atMs))) atMs += stepMs;
    return atMs;
  };
}
