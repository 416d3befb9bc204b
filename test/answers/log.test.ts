import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { alertIds } from '../support/alert-ids.js';
import { startWorld, type World } from '../support/world.js';

/** The log says why an answer is not what its caller hoped for, also where that is told alert by alert. */
let world: World;
const [OTHER_ALERT = ''] = alertIds(1);
afterEach(() => world.close());

/** The lines that the app wrote for a request. */
function lines(event: string): Record<string, unknown>[] {
  return world.logs
    .map(({ message }) => message)
    .filter((message) => message.includes(`"event":"${event}"`))
    .map((message) => JSON.parse(message.slice(message.indexOf('{'))));
}

describe('the line "answered"', () => {
  beforeEach(async () => {
    world = await startWorld({ settings: { IPS_CACHE_SECONDS: '0' } });
    world.defender.intercept = (request, response) => {
      if (!request.url?.includes(OTHER_ALERT)) return false;
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end('{"error":{"code":"Forbidden","message":"no","target":"correlation-1"}}');
      return true;
    };
  });

  test.each([
    ['a problem', { alertId: OTHER_ALERT }, '', 502],
    ['a partial answer', { alertIds: [KNOWN_ALERT, OTHER_ALERT] }, '', 200],
    ['a degraded answer', { alertId: OTHER_ALERT }, '?onFailure=degrade', 200],
  ])('has kind and detail of %s', async (_, payload, query, status) => {
    const { json } = await world.enrich(payload, query);
    const [line] = lines('answered').slice(-1);
    expect(line).toMatchObject({
      status,
      kind: 'permission-missing',
      detail: expect.stringContaining('Ip.Read.All'),
    });
    if (status !== 200) expect(line?.detail).toBe(json.detail);
  });

  test('has none of an answer without a failure', async () => {
    await world.enrich({ alertId: KNOWN_ALERT });
    expect(lines('answered').at(-1)).toEqual(expect.not.objectContaining({ kind: expect.anything() }));
  });
});

describe('a fault of the app itself within a lookup', () => {
  beforeEach(async () => {
    world = await startWorld();
    world.identity.intercept = (_request, response) => {
      // No header takes this character: a fault that nobody foresaw.
      const token = { access_token: 'snow☃man', token_type: 'Bearer', resource: world.audience };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ...token, expires_on: Math.floor(Date.now() / 1000) + 3_600 }));
      return true;
    };
  });

  test.each([
    ['', 500],
    ['?onFailure=degrade', 200],
  ])('is logged with its name and place: %s', async (query, status) => {
    expect((await world.enrich({ alertId: KNOWN_ALERT }, query)).status).toBe(status);
    expect(lines('internal-error')).toEqual([
      { event: 'internal-error', name: expect.any(String), place: expect.stringMatching(/^at /) },
    ]);
    expect(lines('answered').at(-1)).toMatchObject({ status, kind: 'internal-error' });
  });
});
