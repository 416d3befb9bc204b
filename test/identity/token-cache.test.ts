import { beforeEach, describe, expect, test } from '@jest/globals';
import { IdentityError } from '../../shared/base/errors.js';
import { type AccessToken, type Credential, TokenCache } from '../../shared/identity/token-cache.js';
import fc from '../support/properties.js';
import { VirtualClock } from '../support/virtual-clock.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SCOPE = 'https://api.test/.default';
const never = () => new AbortController().signal;

/** What one attempt comes to. */
type Outcome =
  | {
      readonly kind: 'token';
      readonly tookMs?: number;
      readonly lifetimeMs?: number;
      readonly token?: string;
      /** From now. */
      readonly refreshAfterMs?: number;
    }
  | { readonly kind: 'fails'; readonly tookMs?: number; readonly error?: Error }
  | { readonly kind: 'hangs' };

let clock: VirtualClock;
let cache: TokenCache;
beforeEach(() => {
  clock = new VirtualClock();
  cache = new TokenCache(clock);
});

/** A credential that plays one outcome per attempt, the last one again and again. */
function playing(...outcomes: readonly [Outcome, ...Outcome[]]) {
  const seen = { attempts: 0, inFlight: 0, most: 0 };
  const play = async (signal: AbortSignal): Promise<AccessToken> => {
    const outcome = outcomes[seen.attempts++] ?? (outcomes.at(-1) as Outcome);
    if (outcome.kind === 'hangs') return clock.sleep(Number.MAX_SAFE_INTEGER, signal) as Promise<never>;
    if (outcome.tookMs) await clock.sleep(outcome.tookMs, signal);
    if (outcome.kind === 'fails') throw outcome.error ?? new IdentityError('identity-unavailable', 'down');
    const { token = `token ${seen.attempts}`, lifetimeMs = DAY, refreshAfterMs } = outcome;
    const refresh = refreshAfterMs ? { refreshAfterMs: clock.epochMs() + refreshAfterMs } : {};
    return { token, expiresOnMs: clock.epochMs() + lifetimeMs, ...refresh };
  };
  const credential: Credential = {
    key: 'k',
    getToken: async (_scope, signal) => {
      seen.most = Math.max(seen.most, ++seen.inFlight);
      return play(signal).finally(() => seen.inFlight--);
    },
  };
  return Object.assign(seen, {
    get: (signal = never()) => cache.get(credential, SCOPE, signal).then(toUse),
    renew: (rejected: string) => cache.renew(credential, SCOPE, rejected, never()).then(toUse),
  });
}

/** A token must be good for the call that it was asked for. */
function toUse({ token, expiresOnMs }: AccessToken): string {
  expect(expiresOnMs - clock.epochMs()).toBeGreaterThan(30_000);
  return token;
}

describe('get', () => {
  test('one attempt for all who ask while it runs, and none for who asks afterwards', async () => {
    const identity = playing({ kind: 'token', tookMs: 300 });
    const all = await clock.until(Promise.all(Array.from({ length: 20 }, () => identity.get())));
    expect(new Set(all)).toEqual(new Set(['token 1']));
    expect(await identity.get()).toBe('token 1');
    expect(identity.attempts).toBe(1);
  });

  test('scopes and credentials have tokens of their own', async () => {
    const asked: string[] = [];
    const credential = (key: string): Credential => ({
      key,
      getToken: async (scope) => {
        asked.push(`${key} ${scope}`);
        return { token: `${key} ${scope}`, expiresOnMs: clock.epochMs() + HOUR };
      },
    });
    for (const [key, scope] of [
      ['a', 'x'],
      ['a', 'y'],
      ['b', 'x'],
      ['a', 'x'],
    ] as const) {
      expect((await cache.get(credential(key), scope, never())).token).toBe(`${key} ${scope}`);
    }
    expect(asked).toEqual(['a x', 'a y', 'b x']);
  });

  test('from half-life on it is renewed in the background, once', async () => {
    const identity = playing({ kind: 'token', lifetimeMs: HOUR }, { kind: 'token', tookMs: 5_000 });
    await identity.get();
    await clock.pass(HOUR / 2 - 1);
    await identity.get();
    expect(identity.attempts).toBe(1);
    await clock.pass(1);
    expect(await Promise.all([identity.get(), identity.get()])).toEqual(['token 1', 'token 1']);
    expect(identity.attempts).toBe(2);
    await clock.pass(5_000);
    expect(await identity.get()).toBe('token 2');
    await clock.pass(DAY / 2 - 5_001);
    await identity.get();
    expect(identity.attempts).toBe(2);
    await clock.pass(5_001);
    await identity.get();
    expect(identity.attempts).toBe(3);
  });

  test('the same token back is no refresh: asked again a minute later, until there is another one', async () => {
    const same = { kind: 'token', token: 'same', lifetimeMs: HOUR } as const;
    const identity = playing(
      same,
      { ...same, lifetimeMs: HOUR / 2 },
      { ...same, lifetimeMs: HOUR / 2 },
      {
        kind: 'token',
        token: 'other',
      },
    );
    await identity.get();
    await clock.pass(HOUR / 2);
    for (const attempts of [2, 3]) {
      expect(await identity.get()).toBe('same');
      expect(identity.attempts).toBe(attempts);
      await clock.pass(59_999);
      expect(await identity.get()).toBe('same');
      expect(identity.attempts).toBe(attempts);
      await clock.pass(1);
    }
    await identity.get();
    await clock.settle();
    expect(await identity.get()).toBe('other');
    expect(identity.attempts).toBe(4);
  });

  test('the same token back, with word of when there is another one: asked then, not each minute', async () => {
    const same = { kind: 'token', token: 'same' } as const;
    const identity = playing({ ...same, refreshAfterMs: HOUR }, { ...same, refreshAfterMs: 2 * HOUR });
    await identity.get();
    await clock.pass(HOUR + 1_000);
    await identity.get();
    await clock.pass(2 * HOUR + 999);
    await identity.get();
    expect(identity.attempts).toBe(2);
    await clock.pass(1);
    await identity.get();
    expect(identity.attempts).toBe(3);
  });

  test('a credential that says when it has another token is asked then, and not at half-life', async () => {
    const identity = playing({ kind: 'token', refreshAfterMs: 7 * HOUR }, { kind: 'token' });
    await identity.get();
    await clock.pass(7 * HOUR + 999);
    await identity.get();
    expect(identity.attempts).toBe(1);
    await clock.pass(1);
    await identity.get();
    expect(identity.attempts).toBe(2);
  });

  test('a failing renewal is not told while the token is valid, and is tried again after 5 s, not before', async () => {
    const identity = playing({ kind: 'token', lifetimeMs: HOUR }, { kind: 'fails' });
    await identity.get();
    await clock.pass(HOUR / 2);
    expect(await identity.get()).toBe('token 1');
    await clock.pass(4_999);
    expect(await identity.get()).toBe('token 1');
    expect(identity.attempts).toBe(2);
    await clock.pass(1);
    expect(await identity.get()).toBe('token 1');
    expect(identity.attempts).toBe(3);
  });

  test('a token is used until 30 s before its end', async () => {
    const identity = playing({ kind: 'token', lifetimeMs: HOUR }, { kind: 'fails' });
    await identity.get();
    await clock.pass(HOUR - 30_001);
    expect(await identity.get()).toBe('token 1');
    await clock.pass(1);
    await expect(identity.get()).rejects.toThrow('down');
  });

  test('a token that ends within 30 s is no token', async () => {
    const identity = playing({ kind: 'token', lifetimeMs: 30_000 }, { kind: 'token', lifetimeMs: 30_001 });
    await expect(identity.get()).rejects.toMatchObject({
      kind: 'identity-unavailable',
      retryAtMs: 5_000,
      message: expect.stringContaining('clock'),
    });
    await clock.pass(5_000);
    expect(await identity.get()).toBe('token 2');
  });

  test('a failure is the answer for 5 s, then there is a new attempt', async () => {
    const identity = playing({ kind: 'fails' }, { kind: 'token' });
    await expect(identity.get()).rejects.toMatchObject({ kind: 'identity-unavailable', retryAtMs: 5_000 });
    await clock.pass(4_999);
    await expect(identity.get()).rejects.toMatchObject({ retryAtMs: 5_000 });
    expect(identity.attempts).toBe(1);
    await clock.pass(1);
    expect(await identity.get()).toBe('token 2');
  });

  test('a refusal names no time to come back, and is remembered as well', async () => {
    const identity = playing({ kind: 'fails', error: new IdentityError('identity-refused', 'no identity') });
    await expect(identity.get()).rejects.toMatchObject({ kind: 'identity-refused', message: 'no identity' });
    await expect(identity.get()).rejects.toHaveProperty('retryAtMs', undefined);
    expect(identity.attempts).toBe(1);
  });

  test('an error that is none of ours is kept as the cause, and says nothing', async () => {
    const error = new Error('secret');
    const identity = playing({ kind: 'fails', error });
    const told = await identity.get().catch((reason: Error) => reason);
    expect(told).toMatchObject({ kind: 'internal-error', cause: error });
    expect((told as Error).message).not.toContain('secret');
  });

  test('an attempt that hangs is over after 10 s, for everybody and for the credential', async () => {
    const identity = playing({ kind: 'hangs' }, { kind: 'token' });
    const error = await clock.until(identity.get().catch((reason: Error) => reason));
    expect(error).toMatchObject({ kind: 'identity-unavailable', retryAtMs: 15_000 });
    expect((error as Error).message).toMatch(/within 10 s.*restart the function app/);
    await clock.settle();
    expect(identity.inFlight).toBe(0);
    expect(clock.sleeping).toBe(0);
    await clock.pass(5_000);
    expect(await identity.get()).toBe('token 2');
  });

  test('a caller who leaves does not stop the attempt that others wait for', async () => {
    const identity = playing({ kind: 'token', tookMs: 300 });
    const leaver = new AbortController();
    const left = identity.get(leaver.signal);
    const stays = identity.get();
    leaver.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    expect(await clock.until(stays)).toBe('token 1');
    expect(identity.attempts).toBe(1);
  });

  test('a calendar that jumps past the end of the token ends it; one that jumps back does not', async () => {
    const identity = playing({ kind: 'token', lifetimeMs: HOUR });
    await identity.get();
    clock.jumpCalendar(-600_000);
    expect(await identity.get()).toBe('token 1');
    clock.jumpCalendar(600_000 + HOUR);
    expect(await identity.get()).toBe('token 2');
  });
});

describe('renew', () => {
  test('asks once more for all whose token was refused at the same time', async () => {
    const identity = playing({ kind: 'token' }, { kind: 'token', tookMs: 300 });
    const refused = await identity.get();
    const renewed = await clock.until(Promise.all(Array.from({ length: 20 }, () => identity.renew(refused))));
    expect(new Set(renewed)).toEqual(new Set(['token 2']));
    expect(await identity.renew(refused)).toBe('token 2'); // who comes late has it already
    expect(identity.attempts).toBe(2);
  });

  test('gives the same token again when the credential has no other', async () => {
    const identity = playing({ kind: 'token', token: 'same' });
    expect(await identity.renew(await identity.get())).toBe('same');
    expect(identity.attempts).toBe(2);
  });

  test('waits for the renewal in the background instead of starting another one', async () => {
    const identity = playing({ kind: 'token', lifetimeMs: HOUR }, { kind: 'token', tookMs: 300 });
    const refused = await identity.get();
    await clock.pass(HOUR / 2);
    await identity.get();
    expect(await clock.until(identity.renew(refused))).toBe('token 2');
    expect(identity.attempts).toBe(2);
  });

  test('asks when there is no token at all', async () => {
    expect(await playing({ kind: 'token' }).renew('of another process')).toBe('token 1');
  });
});

test('whatever the credential does and whoever asks when: one attempt in flight, no wait over 10 s, no token past its end', async () => {
  const outcome = fc.oneof(
    fc.record({
      kind: fc.constant('token' as const),
      tookMs: fc.nat(20_000),
      lifetimeMs: fc.oneof(fc.nat(120_000), fc.nat(DAY)),
    }),
    fc.record({ kind: fc.constant('fails' as const), tookMs: fc.nat(20_000) }),
    fc.constant({ kind: 'hangs' as const }),
  );
  const caller = fc.record({
    gapMs: fc.oneof(fc.nat(1_000), fc.nat(60_000), fc.nat(DAY)),
    callers: fc.integer({ min: 1, max: 5 }),
    patienceMs: fc.nat(30_000),
    renews: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(outcome, { minLength: 1, maxLength: 20 }),
      fc.array(caller, { minLength: 1, maxLength: 20 }),
      async (outcomes, callers) => {
        clock = new VirtualClock();
        cache = new TokenCache(clock);
        const seen = playing(outcomes[0] as Outcome, ...outcomes.slice(1));
        const ask = async ({ patienceMs, renews }: { patienceMs: number; renews: boolean }) => {
          const began = clock.monotonicMs();
          const over = new AbortController();
          const patience = new AbortController();
          clock.sleep(patienceMs, patience.signal).then(
            () => over.abort(),
            () => {},
          );
          await (renews ? seen.renew('token 1') : seen.get(over.signal)).catch(allowed);
          patience.abort();
          expect(clock.monotonicMs() - began).toBeLessThanOrEqual(
            renews ? 10_000 : Math.min(10_000, patienceMs),
          );
        };
        const allowed = (reason: Error) => {
          expect(['IdentityError', 'AbortError']).toContain(reason.name);
        };
        const work: Promise<void>[] = [];
        for (const each of callers) {
          await clock.pass(each.gapMs);
          for (let count = 0; count < each.callers; count++) work.push(ask(each));
        }
        await clock.until(Promise.all(work));
        expect(seen.most).toBeLessThanOrEqual(1);
        await clock.pass(10_000);
        expect(seen.inFlight).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});
