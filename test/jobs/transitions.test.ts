import { describe, expect, test } from '@jest/globals';
import { JOB_TEXT, type Job, pendingOf, withFailure, withMarks } from '../../shared/jobs/job.js';
import { nextTurn, shareOf } from '../../shared/jobs/schedule.js';
import {
  abandon,
  CLAIM_MS,
  claim,
  fail,
  finish,
  join,
  mayLackMessage,
  newJob,
  release,
  viewJob,
} from '../../shared/jobs/transitions.js';

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
const ended: Job = { ...fresh, end: END };
const turn = { progress: '.++', failures: [], fruitless: 0, expectedAtMs: NOW + 62_000 };

function claimed(job: Job, by = 'one', atMs = NOW): Job {
  const verdict = claim(job, job.generation, by, atMs);
  if (verdict.kind !== 'work') throw new Error(verdict.kind);
  return verdict.job;
}

describe('a message', () => {
  test('claims its turn, once', () => {
    const job = claimed(fresh);
    expect(job.claim).toEqual({ by: 'one', untilMs: NOW + CLAIM_MS });
    expect(claim(job, 0, 'other', NOW + CLAIM_MS - 1)).toEqual({ kind: 'look-again', atMs: NOW + CLAIM_MS });
    // Whoever lost the answer to its own swap still has the claim.
    expect(claim(job, 0, 'one', NOW + 1).kind).toBe('work');
  });

  test('takes the turn of a dead worker over', () => {
    expect(claim(claimed(fresh), 0, 'other', NOW + CLAIM_MS)).toMatchObject({
      kind: 'work',
      isTakeover: true,
    });
    expect(claim(fresh, 0, 'one', NOW)).toMatchObject({ kind: 'work', isTakeover: false });
  });

  test('takes over at once what was given up in the middle, and knows that it does', () => {
    const given = abandon(claimed(fresh), 'one') as Job;
    expect(claim(given, 0, 'other', NOW + 1)).toMatchObject({ kind: 'work', isTakeover: true });
    expect(abandon(given, 'other')).toBeUndefined();
  });

  test('of an earlier turn, or of an ended job, does nothing', () => {
    const second = release(claimed(fresh), 'one', turn) as Job;
    expect(second.generation).toBe(1);
    expect(claim(second, 0, 'other', NOW + 10 * CLAIM_MS)).toEqual({ kind: 'drop' });
    expect(claim(ended, 0, 'other', NOW)).toEqual({ kind: 'drop' });
  });

  test('of a later turn was sent by one that did not live to write so', () => {
    expect(claim(claimed(fresh), 1, 'other', NOW + 1).kind).toBe('look-again');
    expect(claim(claimed(fresh), 1, 'other', NOW + CLAIM_MS)).toMatchObject({
      kind: 'work',
      job: { generation: 1 },
    });
  });
});

describe('who has lost the claim', () => {
  test.each([
    ['release', (job: Job) => release(job, 'one', turn)],
    ['finish', (job: Job) => finish(job, 'one', turn, END)],
    ['abandon', (job: Job) => abandon(job, 'one')],
  ])('can not %s', (_name, change) => {
    expect(change(claimed(fresh))).toBeDefined();
    expect(change(claimed(claimed(fresh), 'other', NOW + CLAIM_MS))).toBeUndefined();
    expect(change(ended)).toBeUndefined();
    expect(change(fresh)).toBeUndefined();
  });
});

describe('others', () => {
  test('join a running job, whoever works on it, and lose no token by a turn that ends', () => {
    const joined = join(claimed(fresh), 'second') as Job;
    expect((release(joined, 'one', turn) as Job).tokens).toEqual(['digest', 'second']);
    expect((finish(joined, 'one', turn, END) as Job).tokens).toEqual(['digest', 'second']);
    expect(join(ended, 'late')).toBeUndefined();
    expect(join({ ...fresh, tokens: Array(1_000).fill('x') }, 'one too many')).toBeUndefined();
  });

  test('send a message once more when there may be none', () => {
    const second = release(claimed(fresh), 'one', turn) as Job;
    expect(mayLackMessage(fresh, NOW)).toBe(true);
    expect(mayLackMessage(claimed(fresh), NOW)).toBe(false);
    expect(mayLackMessage(second, NOW)).toBe(false);
    expect(mayLackMessage(second, turn.expectedAtMs + 900_000)).toBe(false);
    expect(mayLackMessage(second, turn.expectedAtMs + 900_001)).toBe(true);
  });

  test('end a poisoned one, whoever holds it, once', () => {
    const failed = fail(claimed(fresh), 0, 'why', NOW) as Job;
    expect(failed).toMatchObject({ claim: undefined, end: { kind: 'failed', reason: 'why', atMs: NOW } });
    expect(fail(failed, 0, 'again', NOW)).toBeUndefined();
    const second = release(claimed(fresh), 'one', turn) as Job;
    expect(fail(second, 0, 'an old message', NOW)).toBeUndefined();
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

describe('after a turn', () => {
  const outcome = { quotaAtMs: undefined, failureAtMs: undefined, isFruitful: false, fruitless: 0 };

  test('the wait is what the quota names, and no failure', () => {
    const waiting = { ...outcome, quotaAtMs: 5_062, failureAtMs: 5_062, fruitless: 3 };
    expect(nextTurn(waiting, 5_000)).toEqual({ kind: 'turn', atMs: 5_062, fruitless: 3 });
  });

  test('with more to do, the others have their turn first', () => {
    const fruitful = { ...outcome, isFruitful: true, fruitless: 3 };
    expect(nextTurn(fruitful, 5_000)).toEqual({ kind: 'turn', atMs: 6_000, fruitless: 0 });
    expect(nextTurn({ ...fruitful, failureAtMs: 9_000 }, 5_000)).toMatchObject({ atMs: 9_000 });
  });

  test('an upstream that is away is waited for longer and longer, for half an hour', () => {
    let waitedMs = 0;
    for (let fruitless = 0; ; fruitless++) {
      const next = nextTurn({ ...outcome, failureAtMs: 1, fruitless }, 0);
      if (next.kind === 'give-up') break;
      waitedMs += next.atMs;
    }
    expect(waitedMs).toBe(5_000 * (1 + 2 + 4 + 8 + 16 + 32 + 64) + 2 * 600_000);
  });
});

describe('a state', () => {
  test('is read as it was written, and nothing else is', () => {
    for (const job of [fresh, ended, claimed(fresh)]) expect(JOB_TEXT.read(JOB_TEXT.write(job))).toEqual(job);
    for (const text of ['', 'null', '{}', '{"version":2}', '{"version":1}']) {
      expect(JOB_TEXT.read(text)).toBeUndefined();
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
    expect(JOB_TEXT.write(job).length).toBeLessThan(200_000);
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
