import { beforeEach, expect, test } from '@jest/globals';
import { localTenantId, makeToken } from '../../local/identity/token.js';
import { IdentityError } from '../../shared/base/errors.js';
import { MOST_REFUSED, MOST_UNPROVEN, MOST_USERS, Users } from '../../shared/delegation/users.js';
import { VirtualClock } from '../support/virtual-clock.js';

const CLIENT = '33333333-3333-4333-8333-333333333333';
const registration = { clientId: CLIENT, tenantId: localTenantId, authorityHost: 'https://login.test' };
const { signal } = new AbortController();

let clock: VirtualClock;
let created: string[];
let users: Users;

beforeEach(() => {
  clock = new VirtualClock();
  created = [];
  users = new Users(clock, registration, ({ digest, token }) => {
    created.push(digest);
    return {
      // biome-ignore lint/suspicious/noExplicitAny: what enriches is only handed on
      enricher: { digest } as any,
      authorise: async () => {
        if (token.endsWith('noconsent')) throw new IdentityError('consent-missing', 'no consent');
        if (token.endsWith('forged')) throw new IdentityError('user-token-refused', 'refused');
        if (token.endsWith('down')) throw new IdentityError('identity-unavailable', 'down');
      },
    };
  });
});

function bearer(user: string, signature = 'signed', lifetimeSeconds = 3_600): string {
  const { token } = makeToken({
    resource: `api://${CLIENT}`,
    clientId: 'c',
    scopes: ['s'],
    objectId: user,
    nowMs: clock.epochMs(),
    lifetimeSeconds,
  });
  return `Bearer ${token.replace(/unsigned$/, signature)}`;
}

test('the same token is the same user, another one another, whoever they say they are', async () => {
  const ann = bearer('ann');
  const first = await users.forCaller(ann, signal);
  expect(await users.forCaller(ann, signal)).toBe(first);
  expect(await users.forCaller(bearer('ann'), signal)).not.toBe(first);
  expect(created).toHaveLength(2);
});

test('a flood of forged tokens pushes out no user whose token was accepted', async () => {
  const ann = bearer('ann', 'signed', 86_400);
  const kept = await users.forCaller(ann, signal);
  for (let n = 0; n < 3 * MOST_USERS; n++) {
    await expect(users.forCaller(bearer('ann', `${n}forged`), signal)).rejects.toThrow('refused');
    await clock.pass(2_000); // fewer than are taken for a flood
  }
  expect(await users.forCaller(ann, signal)).toBe(kept);
});

test('10,000 forged tokens in a minute: few are tried, the others are told when to come back, and accepted users go on', async () => {
  const ann = bearer('ann');
  const kept = await users.forCaller(ann, signal);
  const outcomes = new Map<string, number>();
  for (let n = 0; n < 10_000; n++) {
    const { kind } = await users.forCaller(bearer('ann', `${n}forged`), signal).catch((error) => error);
    outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
    await clock.pass(4);
  }
  expect(Object.fromEntries(outcomes)).toEqual({
    'user-token-refused': MOST_REFUSED,
    'identity-unavailable': 10_000 - MOST_REFUSED,
  });
  expect(created).toHaveLength(1 + MOST_REFUSED);
  expect(await users.forCaller(ann, signal)).toBe(kept);
  const bob = bearer('bob');
  const told = await users.forCaller(bob, signal).catch((error) => error);
  expect(told).toMatchObject({
    kind: 'identity-unavailable',
    message: expect.stringContaining('not affected'),
  });
  await clock.pass(told.retryAtMs - clock.monotonicMs());
  await users.forCaller(bob, signal);
});

test('one bad token again and again does not keep others out', async () => {
  const bad = bearer('ann', 'forged');
  for (let n = 0; n < 5 * MOST_REFUSED; n++) await users.forCaller(bad, signal).catch(() => {});
  await users.forCaller(bearer('bob'), signal);
});

test('a refused token is refused as before, and not put off, while new ones are', async () => {
  const refused = Array.from({ length: MOST_REFUSED }, (_, n) => bearer('ann', `${n}forged`));
  for (const token of refused) await users.forCaller(token, signal).catch(() => {});
  await expect(users.forCaller(bearer('bob'), signal)).rejects.toMatchObject({
    kind: 'identity-unavailable',
  });
  await expect(users.forCaller(refused[0] as string, signal)).rejects.toMatchObject({
    kind: 'user-token-refused',
  });
});

test("what is missing for genuine users is no forger's doing: it keeps nobody out", async () => {
  for (let n = 0; n < 2 * MOST_REFUSED; n++) {
    const told = users.forCaller(bearer(`user-${n}`, 'noconsent'), signal);
    await expect(told).rejects.toMatchObject({ kind: 'consent-missing' });
  }
  await users.forCaller(bearer('bob'), signal);
});

test('as many new tokens at once as are kept unproven, and no more: the next one is told to come back', async () => {
  const answered = Array.from({ length: MOST_UNPROVEN + 1 }, (_, n) =>
    users.forCaller(bearer(`user-${n}`), signal),
  );
  const outcomes = await Promise.allSettled(answered);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toMatchObject([
    { reason: { kind: 'identity-unavailable', retryAtMs: 1_000 } },
  ]);
});

test('more users than are kept: the one not seen for longest is forgotten', async () => {
  const tokens = Array.from({ length: MOST_USERS + 1 }, (_, n) => bearer(`user-${n}`));
  for (const token of tokens) await users.forCaller(token, signal);
  await users.forCaller(tokens[0] as string, signal);
  expect(created).toHaveLength(MOST_USERS + 2);
  await users.forCaller(tokens.at(-1) as string, signal);
  expect(created).toHaveLength(MOST_USERS + 2);
});

test("with the token's end the user is refused", async () => {
  const ann = bearer('ann', 'signed', 60);
  await users.forCaller(ann, signal);
  await clock.pass(59_000);
  await users.forCaller(ann, signal);
  await clock.pass(1_000);
  await expect(users.forCaller(ann, signal)).rejects.toMatchObject({ kind: 'user-token-expired' });
});

test("after the token's end the next request of any user forgets everything of that one", async () => {
  const [ann, bob] = [bearer('ann', 'signed', 60), bearer('bob')];
  await users.forCaller(bob, signal);
  const kept = await users.forCaller(ann, signal);
  await clock.pass(60_000);
  await users.forCaller(bob, signal);
  clock.jumpCalendar(-60_000); // back, to see whether there still is something of hers
  expect(await users.forCaller(ann, signal)).not.toBe(kept);
});

test('what is not the fault of the caller is left for the lookups to find', async () => {
  await expect(users.forCaller(bearer('ann', 'down'), signal)).resolves.toBeDefined();
});
