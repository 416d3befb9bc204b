import { describe, expect, test } from '@jest/globals';
import { withDeadline } from '../../shared/base/deadline.js';
import { SingleFlight } from '../../shared/lookup/single-flight.js';
import type { Work } from '../../shared/lookup/source.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** Turns of the microtask queue within which what was abandoned has ended in every part. */
const TURNS = Array.from({ length: 12 }, (_, turn) => turn);

describe('equal work in flight', () => {
  test.each(TURNS)('who comes %i turns after the last one left gets an answer', async (turns) => {
    const clock = new VirtualClock();
    const flights = new SingleFlight<string>();
    let answer = (_: string) => {};
    const start = (work: Work) =>
      new Promise<string>((resolve, reject) => {
        answer = resolve;
        work.signal.addEventListener('abort', () => reject(work.signal.reason));
      });
    const ask = (leaving?: AbortSignal) =>
      withDeadline(
        clock,
        25_000,
        () => new Error('late'),
        (deadline) => flights.join('key', deadline, start),
        leaving,
      );
    const leaving = new AbortController();
    const firstFailed = expect(ask(leaving.signal)).rejects.toThrow('The time allowed ran out');
    await new Promise(setImmediate);
    leaving.abort(new Error('gone'));
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    const second = ask();
    await firstFailed;
    await new Promise(setImmediate);
    answer('answer');
    expect(await second).toBe('answer');
  });
});
