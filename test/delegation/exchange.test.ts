import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT, KNOWN_IPS } from '../../local/defender/alerts.js';
import { readClaims } from '../../local/identity/token.js';
import { type DelegatedWorld, startDelegatedWorld } from '../support/delegated-world.js';

let world: DelegatedWorld;
beforeEach(async () => {
  world = await startDelegatedWorld();
});
afterEach(() => world.close());

const ALERT = { alertId: KNOWN_ALERT };

/** The tokens that Defender was asked with. */
function tokensSeen(): string[] {
  const seen: string[] = [];
  world.defender.intercept = (request) => {
    seen.push(String(request.headers.authorization).replace('Bearer ', ''));
    return false;
  };
  return seen;
}

describe('as=user', () => {
  test('the whole exchange, without a secret: Defender is asked with a token of the user', async () => {
    const seen = tokensSeen();
    const ann = world.authority.signIn('ann');
    const { status, json } = await world.enrichAs(ann, ALERT);
    expect(status).toBe(200);
    expect(json.alert.relatedIps).toEqual(KNOWN_IPS);
    expect(world.identity.requests).toMatchObject([
      { resource: 'api://AzureADTokenExchange', clientId: world.identityId },
    ]);
    expect(world.authority.requests).toEqual([
      {
        grant: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: ann,
        scope: expect.stringContaining(`${world.audience}/.default`),
      },
    ]);
    expect(seen.map((token) => readClaims(token))).toMatchObject([
      { aud: world.audience, scp: 'Ip.Read.All', oid: 'ann', appid: world.clientId },
    ]);
  });

  test('mode=auto behaves as sync: the work of a user does not outlive the request', async () => {
    const { status, json } = await world.enrichAs(world.authority.signIn('ann'), ALERT, '&mode=auto');
    expect(status).toBe(200);
    expect(json.enrichment.status).toBe('complete');
  });

  test('the same user again: no further token, and no further call', async () => {
    const ann = world.authority.signIn('ann');
    for (let time = 0; time < 2; time++) expect((await world.enrichAs(ann, ALERT)).status).toBe(200);
    expect(world.authority.requests).toHaveLength(1);
    expect(world.asked()).toHaveLength(1);
  });

  test('20 at once of one user, cold: one exchange, one call', async () => {
    const ann = world.authority.signIn('ann');
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.enrichAs(ann, ALERT)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(world.authority.requests).toHaveLength(1);
    expect(world.asked()).toHaveLength(1);
  });

  test('statistics are asked for with the token of the user too', async () => {
    const seen = tokensSeen();
    await world.enrichAs(world.authority.signIn('ann'), ALERT, '&stats=true');
    expect(seen).toHaveLength(3);
    expect(seen.map((token) => readClaims(token)?.oid)).toEqual(['ann', 'ann', 'ann']);
  });

  test("the quota is the registration's, apart from that of the app's own identity", async () => {
    const mine = await world.enrich(ALERT);
    const ann = await world.enrichAs(world.authority.signIn('ann'), ALERT);
    const ben = await world.enrichAs(world.authority.signIn('ben'), ALERT);
    const remaining = [mine, ann, ben].map(({ json }) => json.enrichment.quota.minute.remaining);
    expect(remaining).toEqual([99, 99, 98]);
  });
});

describe('nothing of one user reaches another', () => {
  test('two users with the same alert, one after the other and at once: each is asked for alone', async () => {
    const seen = tokensSeen();
    const [ann, ben] = [world.authority.signIn('ann'), world.authority.signIn('ben')];
    await world.enrichAs(ann, ALERT);
    await world.enrichAs(ben, ALERT);
    const other = { alertId: 'da637472900382838869_88' };
    await Promise.all([world.enrichAs(ann, other), world.enrichAs(ben, other), world.enrich(other)]);
    const whose = seen.map((token) => readClaims(token)?.oid);
    expect(whose.slice(0, 2)).toEqual(['ann', 'ben']);
    expect(whose.slice(2).sort()).toEqual(['ann', 'ben', world.identityId].sort());
  });

  test('Defender lets one user see the alert and not the other: each gets their own answer', async () => {
    world.defender.intercept = (request, response) => {
      if (readClaims(String(request.headers.authorization))?.oid !== 'ben') return false;
      response.writeHead(403).end('{"error":{"code":"Forbidden","message":"m"}}');
      return true;
    };
    const [ann, ben] = [world.authority.signIn('ann'), world.authority.signIn('ben')];
    expect((await world.enrichAs(ann, ALERT)).status).toBe(200);
    const refused = await world.enrichAs(ben, ALERT);
    expect(refused.status).toBe(502);
    expect(refused.json.detail).toContain('"View data"');
    expect((await world.enrichAs(ann, ALERT)).status).toBe(200);
  });

  test('a forged token with the oid of a user whose answer is kept gets nothing, and nothing is kept for it', async () => {
    const ann = world.authority.signIn('ann');
    await world.enrichAs(ann, ALERT);
    const [head, claims] = ann.split('.');
    const forged = `${head}.${claims}.forged`;
    expect(readClaims(forged)).toEqual(readClaims(ann));
    const answer = await world.enrichAs(forged, ALERT);
    expect(answer.status).toBe(401);
    expect(answer.json.type).toMatch(/:user-token-refused$/);
    for (const ip of KNOWN_IPS) expect(answer.text).not.toContain(ip);
    expect(world.asked()).toHaveLength(1);
    // The real one is none the worse for it.
    expect((await world.enrichAs(ann, ALERT)).status).toBe(200);
    expect(world.asked()).toHaveLength(1);
  });
});
