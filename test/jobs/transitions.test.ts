import { describe, expect, test } from '@jest/globals';
import { JOB_FORMAT, type Job, pendingOf, withFailure, withMarks } from '../../shared/jobs/job.js';
import {
  extendLease,
  isOverdue,
  join,
  LEASE_MS,
  needsMessage,
  newJob,
  nextSlice,
  shareOf,
  viewJob,
} from '../../shared/jobs/transitions.js';
import { claim, endAnyway, finish, release } from '../../shared/queue-work/work-item.js';

const NOW = 1_000_000;
const HOUR = 3_600_000;
const fresh = newJob({
  id: 'a'.repeat(32),
  query: 'format=ips',
  tokens: ['digest'],
  progress: '..+',
  createdAtMs: NOW,
  expectedAtMs: NOW + 5_000,
});
const END = { kind: 'answered', atMs: NOW, status: 200, headers: {} } as const;
const FAILED = { end: { kind: 'failed', reason: 'why', atMs: NOW } } as const;
const ended: Job = { ...fresh, end: END };
const slice = { progress: '.++', failures: [], fruitless: 0, expectedAtMs: NOW + 62_000 };

function claimed(job: Job, by = 'one', atMs = NOW): Job {
  const verdict = claim(job, job, by, LEASE_MS, atMs);
  if (verdict.kind !== 'work') throw new Error(verdict.kind);
  return verdict.item;
}

describe('a lease', () => {
  test('is extended by whoever holds it, and by nobody else', () => {
    const job = claimed(fresh);
    expect(extendLease(job, 'one', NOW + 10_000)?.claim).toEqual({
      by: 'one',
      untilMs: NOW + 10_000 + LEASE_MS,
    });
    expect(extendLease(job, 'other', NOW)).toBeUndefined();
    expect(extendLease(fresh, 'one', NOW)).toBeUndefined();
    expect(extendLease(ended, 'one', NOW)).toBeUndefined();
  });

  test('of a dead worker is over when its message is visible again', () => {
    const message = { id: fresh.id, generation: 0 };
    expect(claim(claimed(fresh), message, 'other', LEASE_MS, NOW + 30_000)).toMatchObject({
      kind: 'work',
      isTakeover: true,
    });
  });
});

describe('others', () => {
  test('join a running job, whoever works on it, and lose no token by a turn that ends', () => {
    const joined = join(claimed(fresh), 'second') as Job;
    expect((release(joined, 'one', slice) as Job).tokens).toEqual(['digest', 'second']);
    expect((finish(joined, 'one', { ...slice, end: END }) as Job).tokens).toEqual(['digest', 'second']);
    expect(join(ended, 'late')).toBeUndefined();
    expect(join({ ...fresh, tokens: Array(1_000).fill('x') }, 'one too many')).toBeUndefined();
  });

  test('send a message once more when there may be none', () => {
    const second = release(claimed(fresh), 'one', slice) as Job;
    expect(needsMessage(fresh, NOW)).toBe(true);
    expect(needsMessage(claimed(fresh), NOW)).toBe(false);
    expect(needsMessage(second, NOW)).toBe(false);
    expect(needsMessage(second, slice.expectedAtMs + 900_000)).toBe(false);
    expect(needsMessage(second, slice.expectedAtMs + 900_001)).toBe(true);
    // Whoever only asks how far it is sends none while the first message waits.
    expect(isOverdue(fresh, NOW)).toBe(false);
    expect(isOverdue(fresh, fresh.expectedAtMs + 900_001)).toBe(true);
  });

  test('end a poisoned one, whoever holds it, once', () => {
    const failed = endAnyway(claimed(fresh), { generation: 0 }, FAILED) as Job;
    expect(failed).toMatchObject({ claim: undefined, ...FAILED });
    expect(endAnyway(failed, { generation: 0 }, FAILED)).toBeUndefined();
    const second = release(claimed(fresh), 'one', slice) as Job;
    expect(endAnyway(second, { generation: 0 }, FAILED)).toBeUndefined();
  });

  test('see it run, end, expire and vanish', () => {
    const running = { kind: 'running', done: 1, total: 3 };
    expect(viewJob(fresh, 24, NOW)).toEqual({ ...running, retryAfterSeconds: 5 });
    expect(viewJob(fresh, 24, NOW + HOUR)).toEqual({ ...running, retryAfterSeconds: 2 });
    expect(viewJob({ ...fresh, expectedAtMs: NOW + 9 * HOUR }, 24, NOW)).toMatchObject({
      retryAfterSeconds: 3_600,
    });
    expect(viewJob(ended, 24, NOW + 24 * HOUR - 1)).toEqual({ kind: 'ended', end: END });
    expect(viewJob(ended, 24, NOW + 24 * HOUR)).toEqual({ kind: 'expired' });
    expect(viewJob(ended, 24, NOW + 48 * HOUR)).toEqual({ kind: 'unknown' });
  });
});

describe('the share of a job', () => {
  test.each([
    [80, 1, 80],
    [80, 0, 80],
    [80, 3, 26],
    [80, 50, 1],
    [80, 500, 1],
  ])('%d permits a minute and %d jobs: %d', (perMinute, jobs, share) => {
    expect(shareOf(perMinute, jobs)).toBe(share);
  });
});

describe('after a slice', () => {
  const outcome = { quotaAtMs: undefined, failureAtMs: undefined, isFruitful: false, fruitless: 0 };

  test('the wait is what the quota names, and no failure', () => {
    const waiting = { ...outcome, quotaAtMs: 5_062, failureAtMs: 5_062, fruitless: 3 };
    expect(nextSlice(waiting, 5_000)).toEqual({ kind: 'slice', atMs: 5_062, fruitless: 3 });
  });

  test('with more to do, the others have their turn first', () => {
    const fruitful = { ...outcome, isFruitful: true, fruitless: 3 };
    expect(nextSlice(fruitful, 5_000)).toEqual({ kind: 'slice', atMs: 6_000, fruitless: 0 });
    expect(nextSlice({ ...fruitful, failureAtMs: 9_000 }, 5_000)).toMatchObject({ atMs: 9_000 });
  });

  test('an upstream that is away is waited for longer and longer, for half an hour', () => {
    let waitedMs = 0;
    for (let fruitless = 0; ; fruitless++) {
      const next = nextSlice({ ...outcome, failureAtMs: 1, fruitless }, 0);
      if (next.kind === 'give-up') break;
      waitedMs += next.atMs;
    }
    expect(waitedMs).toBe(5_000 * (1 + 2 + 4 + 8 + 16 + 32 + 64) + 2 * 600_000);
  });
});

describe('a state', () => {
  const read = (job: object) => JOB_FORMAT.read(JSON.parse(JSON.stringify(job)));

  test('is read as it was written, and nothing else is', () => {
    for (const job of [fresh, ended, claimed(fresh)]) expect(read(job)).toEqual(job);
    for (const wrong of [
      {},
      { ...fresh, progress: 'x' },
      { ...fresh, tokens: [1] },
      { ...fresh, query: undefined },
      { ...fresh, generation: '0' },
      { ...fresh, expectedAtMs: null },
      { ...fresh, failures: [{ indices: [0], kind: 'no-such-kind', message: '' }] },
      { ...fresh, failures: {} },
      { ...fresh, end: { kind: 'maybe', atMs: 0 } },
    ]) {
      expect(read(wrong)).toBeUndefined();
    }
  });

  test('of ten thousand alerts that fail each in its own words is still small', () => {
    const error = (n: number) => ({
      kind: 'request-refused' as const,
      message: `${n} ${'x'.repeat(300)}`,
      upstream: undefined,
      retryAtMs: undefined,
    });
    let failures = fresh.failures;
    for (let n = 0; n < 10_000; n++) failures = withFailure(failures, [n], error(n % 1_000));
    expect(failures.flatMap(({ indices }) => indices).sort((a, b) => a - b)).toEqual([
      ...Array(10_000).keys(),
    ]);
    const job = { ...fresh, progress: '-'.repeat(10_000), failures };
    expect(JSON.stringify(job).length).toBeLessThan(200_000);
    const other = withFailure(failures, [1], {
      kind: 'permission-missing',
      message: 'other',
      upstream: undefined,
      retryAtMs: undefined,
    });
    expect(other.at(-1)).toEqual({ indices: [1], kind: 'permission-missing', message: 'other' });
  });

  test('marks alerts', () => {
    const marked = withMarks(
      '....',
      new Map([
        [1, '+'],
        [3, '-'],
      ]),
    );
    expect(marked).toBe('.+.-');
    expect(pendingOf({ progress: marked })).toEqual([0, 2]);
  });
});
