import type { HttpRequest } from '@azure/functions';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { withDeadline } from '../../shared/base/deadline.js';
import { DeadlineError } from '../../shared/base/errors.js';
import { readPost } from '../../shared/http/body.js';
import { ByteBudget } from '../../shared/http/byte-budget.js';
import { VirtualClock } from '../support/virtual-clock.js';

let clock: VirtualClock;
let budget: ByteBudget;
beforeEach(() => {
  clock = new VirtualClock();
  budget = new ByteBudget(1_000_000);
});

/** A request whose body a test sends piece by piece. */
function upload() {
  let controller: ReadableStreamDefaultController | undefined;
  const body = new ReadableStream({
    start: (given) => {
      controller = given;
    },
  });
  const request = { body, headers: new Headers({ host: 'h' }) } as unknown as HttpRequest;
  return {
    request,
    send: (text: string) => controller?.enqueue(Buffer.from(text)),
    end: () => controller?.close(),
  };
}

/** Reads it within a wait of 60 s; the kind of error, or the payload. */
function read({ request }: ReturnType<typeof upload>, maxBytes = 500_000) {
  return withDeadline(
    clock,
    60_000,
    () => new DeadlineError('over'),
    (deadline) => readPost(request, { clock, maxBytes, deadline, budget }),
  ).then(
    ({ payload }) => payload,
    ({ kind, retryAtMs }) => ({ kind, retryAtMs }),
  );
}

const spaces = (bytes: number) => ' '.repeat(bytes);

describe('all bodies under way together', () => {
  test('hold no more than the budget: what is beyond it is dropped, and answered with when to come back', async () => {
    const uploads = Array.from({ length: 60 }, upload);
    const answers = uploads.map((one) => read(one));
    for (const { send } of uploads) for (let piece = 0; piece < 4; piece++) send(spaces(100_000));
    await clock.settle();
    expect(budget.taken).toBe(800_000); // two whole ones; the third one had no room for its end
    for (const { send, end } of uploads) {
      send('1');
      end();
    }
    const all = await Promise.all(answers);
    expect(all.filter((answer) => answer === 1)).toHaveLength(2);
    expect(all.filter((answer) => answer !== 1)).toEqual(
      Array(58).fill({ kind: 'too-many-bodies', retryAtMs: 5_000 }),
    );
    expect(budget.taken).toBe(0);
  });

  test.each([
    ['is too large', (one: ReturnType<typeof upload>) => one.send(spaces(400_000))],
    ['never ends', () => {}],
  ])('give back what a body has taken that %s', async (_how, go) => {
    const one = upload();
    const answer = read(one);
    one.send(spaces(200_000));
    await clock.settle();
    expect(budget.taken).toBe(200_000);
    go(one);
    await clock.settle();
    await clock.pass(60_000);
    expect(budget.taken).toBe(0);
    one.send(spaces(200_000)); // what comes after the answer is not kept either
    await clock.settle();
    expect(budget.taken).toBe(0);
    one.end();
    await answer;
  });
});

test('a body that drips is a 408 long before the wait is over; one at 1 kB/s is waited for', async () => {
  const [slow, steady] = [upload(), upload()];
  let isOver = false;
  const dripping = read(slow).finally(() => {
    isOver = true;
  });
  const going = read(steady);
  for (let second = 0; second < 30; second++) {
    if (!isOver) slow.send(spaces(500));
    steady.send(spaces(1_001));
    await clock.pass(1_000);
  }
  expect(await dripping).toMatchObject({ kind: 'body-timeout' });
  steady.send('1');
  steady.end();
  expect(await clock.until(going)).toBe(1);
});
