import { expect, test } from '@jest/globals';
import { simulateBursts } from './bursts.js';

/** The same with random waits after each lost swap instead of turns: what the turns are held against. */
const WITHOUT_TURNS = { lost: 2.14, p50Ms: 225, p95Ms: 647 };

test('bursts of 20 calls over 16 instances on one ledger: few swaps are lost, and nobody waits longer for it', async () => {
  const outcome = await simulateBursts({ instances: 16, bursts: 40, each: 20, gapMs: 3_000, seed: 7 });
  expect(outcome.lost).toBeLessThan(0.3);
  expect(outcome.p50Ms).toBeLessThan(WITHOUT_TURNS.p50Ms);
  expect(outcome.p95Ms).toBeLessThan(WITHOUT_TURNS.p95Ms);
});

test('single calls over 16 instances wait for a read and a write, as if there were no turns', async () => {
  const outcome = await simulateBursts({ instances: 16, bursts: 200, each: 1, gapMs: 600, seed: 7 });
  expect(outcome.lost).toBeLessThan(0.1);
  expect(outcome.p50Ms).toBeLessThan(35);
});
