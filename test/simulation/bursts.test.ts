import { test } from '@jest/globals';
import { simulateBursts } from './bursts.js';

test('baseline', async () => {
  for (const [instances, each, gapMs] of [
    [16, 20, 1000],
    [16, 20, 3000],
    [16, 20, 10000],
    [8, 20, 3000],
    [4, 20, 3000],
    [16, 40, 3000],
    [2, 4, 1000],
  ] as any)
    process.stdout.write(
      JSON.stringify({
        instances,
        each,
        gapMs,
        ...(await simulateBursts({ instances, bursts: 30, each, gapMs, seed: 7 })),
      }) + '\n',
    );
  for (const [instances, gapMs] of [
    [16, 600],
    [8, 600],
    [16, 100],
    [1, 600],
  ] as any)
    process.stdout.write(
      'singles ' +
        JSON.stringify({
          instances,
          gapMs,
          ...(await simulateBursts({ instances, bursts: 300, each: 1, gapMs, seed: 7, singles: true })),
        }) +
        '\n',
    );
});
