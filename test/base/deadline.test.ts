import { expect, test } from '@jest/globals';
import { type Deadline, withDeadline } from '../../shared/base/deadline.js';
import { emitNothing } from '../../shared/base/telemetry-event.js';
import { createLookups } from '../../shared/lookup/create-lookups.js';
import type { Work } from '../../shared/lookup/source.js';
import { VirtualClock } from '../support/virtual-clock.js';

const late = () => new Error('late');

test('what work began and left is told to stop when the work ends, whether it succeeds or fails', async () => {
  const clock = new VirtualClock();
  for (const ending of [Promise.resolve(), Promise.reject(new Error('failed'))]) {
    let left: Deadline | undefined;
    const stopped: string[] = [];
    await withDeadline(clock, 1_000, late, async (deadline) => {
      left = deadline;
      deadline.signal.addEventListener('abort', () => stopped.push('signal'));
      deadline.unlessOver(new Promise(() => {})).catch(() => stopped.push('wait'));
      await ending;
    }).catch(() => {});
    await clock.settle();
    expect(stopped.sort()).toEqual(['signal', 'wait']);
    expect(left?.signal.aborted).toBe(true);
    expect(clock.sleeping).toBe(0);
  }
});

test('a question that a request asked and left is stopped with the request: nobody waits for it any more', async () => {
  const clock = new VirtualClock();
  let stopped = false;
  const { lookup } = createLookups({
    clock,
    emit: emitNothing,
    source: {
      find: (_id, asked: Work) => {
        return new Promise((_resolve, reject) => {
          asked.signal.addEventListener('abort', () => {
            stopped = true;
            reject(asked.signal.reason);
          });
        });
      },
    },
    times: { ipsSeconds: 300, notFoundSeconds: 30 },
  });
  await withDeadline(clock, 25_000, late, async (deadline) => {
    lookup.find('da1_1', deadline).catch(() => {});
    await clock.settle();
  });
  await clock.settle();
  expect(stopped).toBe(true);
});
