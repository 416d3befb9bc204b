import { afterEach, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { readClaims } from '../../local/identity/token.js';
import { type DelegatedWorld, startDelegatedWorld } from '../support/delegated-world.js';

let world: DelegatedWorld;
afterEach(() => world.close());

const BODY = { alertId: KNOWN_ALERT };
const post = (payload: unknown, headers: Record<string, string>) =>
  world.enrich(payload, '?as=user', headers);

test.each([
  ['Headers', {}],
  ['headers', {}],
  ['HEADERS', {}],
  ['Headers', { 'transfer-encoding': 'chunked' }],
])(
  'a token in a payload below "%s" is never used, and its sender is told to wrap the payload (%j)',
  async (name, framing) => {
    world = await startDelegatedWorld();
    const [alice, bob] = [world.authority.signIn('alice'), world.authority.signIn('bob')];
    for (const own of [{ authorization: `Bearer ${alice}` }, {}]) {
      const payload = { [name]: { Authorization: `Bearer ${bob}`, Host: 'h' }, Body: BODY };
      const { status, json } = await post(payload, { ...own, ...framing } as Record<string, string>);
      expect([status, json.type]).toEqual([400, expect.stringMatching(/:invalid-body$/)]);
      expect(json.detail).toContain('{"payload": PAYLOAD}');
    }
    expect([world.asked(), world.authority.requests]).toEqual([[], []]);
  },
);

test.each([
  ['wrapped', (payload: object) => ({ payload }), {}],
  ['chunked, with "headers"', (payload: object) => payload, { 'transfer-encoding': 'chunked' }],
])('the same payload %s is asked about with the token of the request', async (_how, wrap, framing) => {
  world = await startDelegatedWorld();
  const seen: string[] = [];
  world.defender.intercept = ({ headers }) => {
    seen.push(String(headers.authorization).replace('Bearer ', ''));
    return false;
  };
  const authorization = `Bearer ${world.authority.signIn('alice')}`;
  const payload = { headers: { Authorization: 'Bearer BOB' }, body: BODY };
  const { status } = await post(wrap(payload), { authorization, ...framing } as Record<string, string>);
  expect(status).toBe(200);
  expect(seen.map((token) => readClaims(token)?.oid)).toEqual(['alice']);
});
