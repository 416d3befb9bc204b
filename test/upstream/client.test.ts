import { beforeEach, describe, expect, test } from '@jest/globals';
import { type EnrichmentError, IdentityError } from '../../shared/base/errors.js';
import { defenderApi } from '../../shared/defender/api.js';
import { type Credential, TokenCache } from '../../shared/identity/token-cache.js';
import type { Work } from '../../shared/lookup/source.js';
import { MemoryLedger } from '../../shared/quota/memory-ledger.js';
import { priorityWindows } from '../../shared/quota/priorities.js';
import { Quota } from '../../shared/quota/quota.js';
import { ApiClient, type ClientParts } from '../../shared/upstream/client.js';
import {
  type Answered,
  malformed as malformedReading,
  type Outcome,
  type Reading,
} from '../../shared/upstream/outcome.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { answered, OUTCOMES, throttled } from './outcomes.js';

const URL = 'https://api.test/api/things';
const QUESTION = { url: URL, route: '/api/things' };
const ANSWER = answered('body');
const UNAVAILABLE: Outcome = OUTCOMES.unavailable;
const UNAUTHORIZED: Outcome = OUTCOMES.unauthorized;

let clock: VirtualClock;
beforeEach(() => {
  clock = new VirtualClock();
});

interface Script {
  /** One per call; the last one again and again. */
  readonly outcomes: readonly Outcome[];
  /** One per token attempt; the last one again and again. */
  readonly tokens?: readonly string[];
  readonly perMinute?: number;
  readonly waitMs?: number;
}

const readText = ({ body: value }: Answered): Reading<string> => ({ kind: 'value', value });

/** A client on a script, and all that it did. */
function scripted({ outcomes, tokens = ['token'], perMinute = 100, waitMs = 20_000 }: Script) {
  const calls: { url: string; token: string; atMs: number; stage: string | undefined }[] = [];
  const asked: string[] = [];
  const stages: string[] = [];
  const stop = new AbortController();
  const work: Work = { untilMs: () => waitMs, signal: stop.signal, at: (stage) => stages.push(stage) };
  const credential: Credential = {
    key: 'k',
    getToken: async (scope) => {
      asked.push(scope);
      const token = tokens[asked.length - 1] ?? (tokens.at(-1) as string);
      return { token, expiresOnMs: clock.epochMs() + 86_400_000 };
    },
  };
  const quota = new Quota(
    clock,
    new MemoryLedger(clock, priorityWindows({ perMinute: perMinute, perHour: 1500 }, 0)),
  );
  const parts: ClientParts = {
    api: defenderApi({ apiHost: 'https://api.test', audience: 'https://audience.test' }),
    clock,
    random: () => 0.5,
    credential,
    tokens: new TokenCache(clock),
    quota,
    call: async ({ url }, token) => {
      calls.push({ url, token, atMs: clock.monotonicMs(), stage: stages.at(-1) });
      return outcomes[calls.length - 1] ?? (outcomes.at(-1) as Outcome);
    },
  };
  const client = new ApiClient(parts);
  const read = ({ body }: Answered): Reading<string> => ({ kind: 'value', value: `read ${body}` });
  return {
    calls,
    asked,
    stages,
    stop,
    quota,
    client,
    get: (reading = read) => clock.until(client.get(QUESTION, reading, work, 'interactive')),
    fail: (reading = read) =>
      clock.until(
        client.get(QUESTION, reading, work, 'interactive').then(
          () => Promise.reject(new Error('was answered')),
          (error: EnrichmentError) => error,
        ),
      ),
  };
}

describe('ApiClient', () => {
  test('asks with a token for its audience, after a permit, and reads the body', async () => {
    const { get, calls, asked, stages, quota, client } = scripted({ outcomes: [ANSWER] });
    expect(await get()).toEqual({ kind: 'value', value: 'read body' });
    expect(calls).toEqual([{ url: URL, token: 'token', atMs: 0, stage: 'Defender' }]);
    expect(asked).toEqual(['https://audience.test/.default']);
    expect(stages).toEqual(['the identity endpoint', 'the quota', 'the identity endpoint', 'Defender']);
    expect(quota.view().minute.remaining).toBe(99);
    expect(client.origin).toBe('https://api.test');
  });

  test('404 is an answer', async () => {
    const { get, calls } = scripted({ outcomes: [OUTCOMES.notFound] });
    expect(await get()).toEqual({ kind: 'not-found' });
    expect(calls).toHaveLength(1);
  });

  test('what passes is retried, each call charged, and the permits are given back', async () => {
    const { get, calls, quota } = scripted({ outcomes: [UNAVAILABLE, UNAVAILABLE, ANSWER] });
    expect(await get()).toMatchObject({ kind: 'value' });
    expect(calls.map(({ atMs }) => atMs)).toEqual([0, 375, 375 + 750]);
    expect(quota.view().minute.remaining).toBe(97);
    // Were they kept, the 33rd call would never come.
    const busy = scripted({ outcomes: [UNAVAILABLE] });
    for (let times = 0; times < 25; times++) await busy.fail();
    expect(busy.calls).toHaveLength(5 * 3 + 20);
  });

  test('what does not pass is a failure with the time to come back, on the clock', async () => {
    await clock.pass(1_000);
    const { fail, calls } = scripted({ outcomes: [UNAVAILABLE] });
    const error = await fail();
    expect(error).toMatchObject({ kind: 'upstream-unavailable', retryAtMs: 1_000 + 375 + 750 + 10_000 });
    expect(error.message).toContain('https://api.test');
    expect(calls).toHaveLength(3);
  });

  test('after five failed questions each further one costs one call, until one is answered', async () => {
    const away = Array<Outcome>(5 * 3 + 1).fill(UNAVAILABLE);
    const { get, fail, calls } = scripted({ outcomes: [...away, ANSWER, UNAVAILABLE], waitMs: 1e9 });
    const cost = async (ask: () => Promise<unknown>) => {
      const before = calls.length;
      await ask();
      return calls.length - before;
    };
    for (let times = 0; times < 5; times++) expect(await cost(fail)).toBe(3);
    expect(await cost(fail)).toBe(1);
    expect(await cost(get)).toBe(1);
    expect(await cost(fail)).toBe(3);
  });

  test('a refusal is no sign of absence, and a 404 of its own is an answer', async () => {
    const refusals = Array<Outcome>(10).fill(OUTCOMES.forbidden);
    const refused = scripted({ outcomes: [...refusals, UNAVAILABLE], waitMs: 1e9 });
    for (let times = 0; times < 10; times++) await refused.fail();
    await refused.fail();
    expect(refused.calls).toHaveLength(10 + 3);

    const away = Array<Outcome>(5 * 3).fill(UNAVAILABLE);
    const known = scripted({ outcomes: [...away, OUTCOMES.notFound, UNAVAILABLE], waitMs: 1e9 });
    for (let times = 0; times < 5; times++) await known.fail();
    await known.get();
    await known.fail();
    expect(known.calls).toHaveLength(15 + 1 + 3);
  });

  test('a call that was never sent costs no permit; one that may have arrived does', async () => {
    for (const [outcome, left] of [
      [OUTCOMES.refusedConnection, 100],
      [OUTCOMES.reset, 97],
    ] as const) {
      const { fail, quota, calls } = scripted({ outcomes: [outcome] });
      await fail();
      await clock.settle();
      expect(calls).toHaveLength(3);
      expect(quota.view().minute.remaining).toBe(left);
    }
  });

  test('throttling is no sign of absence: after it what passes is retried as ever', async () => {
    const outcomes = [...Array<Outcome>(5 * 3).fill(throttled(0)), UNAVAILABLE];
    const { fail, calls } = scripted({ outcomes, waitMs: 1e9 });
    for (let times = 0; times < 5; times++) await fail();
    await fail();
    expect(calls).toHaveLength(5 * 3 + 3);
  });

  test('without a token to call with after all, the permit is given back; a call that is given up is charged', async () => {
    let tokens = 0;
    const stop = new AbortController();
    const quota = new Quota(
      clock,
      new MemoryLedger(clock, priorityWindows({ perMinute: 1, perHour: 1500 }, 0)),
    );
    const client = new ApiClient({
      api: defenderApi({ apiHost: 'https://api.test', audience: 'https://audience.test' }),
      clock,
      random: () => 0.5,
      credential: {
        key: 'k',
        getToken: async () => {
          if (++tokens === 2) throw new IdentityError('identity-unavailable', 'down');
          return { token: 't', expiresOnMs: clock.epochMs() + 60_000 };
        },
      },
      tokens: new TokenCache(clock),
      quota,
      call: async (_question, _token, signal) => {
        if (tokens === 1) return ANSWER;
        stop.abort(new Error('nobody waits'));
        signal.throwIfAborted();
        return ANSWER;
      },
    });
    const work: Work = { untilMs: () => 1e9, signal: stop.signal, at: () => {} };
    const read = ({ body: value }: Answered): Reading<string> => ({ kind: 'value', value });
    const get = () => clock.until(client.get(QUESTION, read, work, 'interactive'));
    await get();
    await expect(get()).rejects.toMatchObject({ kind: 'identity-unavailable' }); // 62 s later, the token has ended
    await clock.settle();
    expect(quota.view().minute.remaining).toBe(1);
    await clock.pass(5_000);
    await expect(get()).rejects.toThrow('nobody waits');
    await clock.settle();
    expect(quota.view().minute.remaining).toBe(0);
  });

  test('a body that cannot be used is retried once', async () => {
    const malformed = (): Reading<string> => malformedReading('nonsense');
    const { fail, calls } = scripted({ outcomes: [ANSWER] });
    expect(await fail(malformed)).toMatchObject({
      kind: 'upstream-unavailable',
      message: expect.stringContaining('nonsense'),
    });
    expect(calls).toHaveLength(2);
  });

  test('time that has passed counts: no retry that would come too late', async () => {
    const slow: Outcome = { ...UNAVAILABLE, retryAfterMs: 900 } as Outcome;
    const { fail, calls } = scripted({ outcomes: [slow], waitMs: 1_000 });
    expect(await fail()).toMatchObject({ kind: 'upstream-unavailable', retryAtMs: 900 + 900 });
    expect(calls.map(({ atMs }) => atMs)).toEqual([0, 900]);
  });

  test('429 pauses everyone, and is retried after the pause', async () => {
    const { get, calls, quota } = scripted({ outcomes: [throttled(3_000), ANSWER] });
    const answered = get();
    await clock.settle();
    const bystander = quota.acquire(
      { untilMs: () => 9_999, signal: new AbortController().signal },
      'interactive',
    );
    await answered;
    expect(calls.map(({ atMs }) => atMs)).toEqual([0, 3_000]);
    (await bystander).settle(true);
  });

  test('429 for longer than the time left is told at once, and everyone pauses all the same', async () => {
    const { fail, quota } = scripted({ outcomes: [throttled(60_000)] });
    expect(await fail()).toMatchObject({
      kind: 'quota-exhausted',
      retryAtMs: 60_000,
      message: expect.stringContaining('Defender answered 429'),
    });
    expect(clock.monotonicMs()).toBe(0);
    const late = quota.acquire(
      { untilMs: () => 59_999, signal: new AbortController().signal },
      'interactive',
    );
    await expect(late).rejects.toMatchObject({ retryAtMs: 60_000 });
  });

  test('429 without a wait is asked three times, and no more', async () => {
    const { fail, calls } = scripted({ outcomes: [throttled(0)] });
    expect(await fail()).toMatchObject({ kind: 'quota-exhausted', retryAtMs: 0 });
    expect(calls).toHaveLength(3);
  });

  test('401: called again with another token; with the same one, or after a second 401, it is a failure', async () => {
    const renewed = scripted({ outcomes: [UNAUTHORIZED, ANSWER], tokens: ['old', 'new'] });
    expect(await renewed.get()).toMatchObject({ kind: 'value' });
    expect(renewed.calls.map(({ token }) => token)).toEqual(['old', 'new']);

    const same = scripted({ outcomes: [UNAUTHORIZED], tokens: ['old'] });
    expect(await same.fail()).toMatchObject({ kind: 'token-refused', retryAtMs: undefined });
    expect(same.calls).toHaveLength(1);
    expect(same.asked).toHaveLength(2);
    expect(same.stages.at(-1)).toBe('the identity endpoint');

    const twice = scripted({ outcomes: [UNAUTHORIZED], tokens: ['old', 'new', 'newer'] });
    expect(await twice.fail()).toMatchObject({ kind: 'token-refused' });
    expect(twice.calls.map(({ token }) => token)).toEqual(['old', 'new']);
  });

  test('without a permit in time there is no call', async () => {
    const { get, fail, calls } = scripted({ outcomes: [ANSWER], perMinute: 1 });
    await get();
    expect(await fail()).toMatchObject({ kind: 'quota-exhausted', retryAtMs: 62_000 });
    expect(calls).toHaveLength(1);
  });

  test('a probe is one call whatever comes of it, charged like any other', async () => {
    for (const outcome of [ANSWER, UNAVAILABLE, UNAUTHORIZED]) {
      const { client, calls, quota } = scripted({ outcomes: [outcome] });
      const work: Work = { untilMs: () => 20_000, signal: new AbortController().signal, at: () => {} };
      expect(await clock.until(client.probe(QUESTION, readText, work))).toMatchObject({
        reading: outcome === ANSWER ? { kind: 'value', value: 'body' } : outcome,
        token: { token: 'token' },
      });
      expect(client.lastCall).toEqual({
        atMs: clock.epochMs(),
        ...(outcome !== ANSWER && { failure: outcome }),
      });
      expect(calls).toHaveLength(1);
      expect(quota.view().minute.remaining).toBe(99);
      (await clock.until(quota.acquire(work, 'interactive'))).settle(true); // nobody pauses
      expect(clock.monotonicMs()).toBe(0);
    }
  });

  test('a probe that is throttled pauses everyone', async () => {
    for (const [retryAfterMs, pauseMs] of [
      [3_000, 3_000],
      [undefined, 750],
    ] as const) {
      const outcome = throttled(retryAfterMs);
      const { client, calls, quota } = scripted({ outcomes: [outcome] });
      const began = clock.monotonicMs();
      const work: Work = { untilMs: () => 20_000, signal: new AbortController().signal, at: () => {} };
      expect((await clock.until(client.probe(QUESTION, readText, work))).reading).toEqual(outcome);
      await clock.until(quota.acquire(work, 'interactive'));
      expect(clock.monotonicMs() - began).toBe(pauseMs);
      expect(calls).toHaveLength(1);
    }
  });

  test('a retry ends when nobody waits any more', async () => {
    const { client, stop, calls } = scripted({ outcomes: [UNAVAILABLE] });
    const work: Work = { untilMs: () => 20_000, signal: stop.signal, at: () => {} };
    const left = client.get(QUESTION, ({ body: value }) => ({ kind: 'value', value }), work, 'interactive');
    left.catch(() => {});
    await clock.settle();
    stop.abort(new Error('nobody waits'));
    await expect(left).rejects.toThrow('nobody waits');
    await clock.pass(60_000);
    expect(calls).toHaveLength(1);
    expect(clock.sleeping).toBe(0);
  });

  test('a token that ends while the permit is waited for is not used', async () => {
    const calls: string[] = [];
    let tokens = 0;
    const quota = new Quota(
      clock,
      new MemoryLedger(clock, priorityWindows({ perMinute: 1, perHour: 1500 }, 0)),
    );
    const client = new ApiClient({
      api: defenderApi({ apiHost: 'https://api.test', audience: 'https://audience.test' }),
      clock,
      random: () => 0.5,
      credential: {
        key: 'k',
        getToken: async () => ({ token: `token ${++tokens}`, expiresOnMs: clock.epochMs() + 60_000 }),
      },
      tokens: new TokenCache(clock),
      quota,
      call: async (_question, token) => {
        calls.push(token);
        return ANSWER;
      },
    });
    const work: Work = { untilMs: () => 100_000, signal: new AbortController().signal, at: () => {} };
    const read = ({ body: value }: Answered): Reading<string> => ({ kind: 'value', value });
    await clock.until(client.get(QUESTION, read, work, 'interactive'));
    await clock.until(client.get(QUESTION, read, work, 'interactive')); // 62 s later
    expect(calls).toEqual(['token 1', 'token 2']);
  });
});
