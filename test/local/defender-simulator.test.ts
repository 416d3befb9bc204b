import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  EMPTY_ALERT,
  inventIps,
  KNOWN_ALERT,
  UNKNOWN_ALERT,
  UNSEEN_IP,
} from '../../local/defender/alerts.js';
import { type DefenderSimulator, startDefenderSimulator } from '../../local/defender/simulator.js';
import { mostInAnyWindow } from '../../local/defender/windows.js';
import { makeToken } from '../../local/identity/token.js';
import { VirtualClock } from '../support/virtual-clock.js';

const audience = 'https://api.test';
let clock: VirtualClock;
let defender: DefenderSimulator;

beforeEach(async () => {
  clock = new VirtualClock();
  defender = await startDefenderSimulator({ clock, random: () => 0.5, audience });
});
afterEach(() => defender.close());

function token(
  options: { resource?: string; roles?: string[]; scopes?: string[]; clientId?: string } = {},
): string {
  const defaults = { resource: audience, roles: ['Ip.Read.All'], clientId: 'app' };
  return makeToken({ ...defaults, ...options, nowMs: clock.epochMs(), lifetimeSeconds: 86_400 }).token;
}

const ipsOf = (id: string) => `/api/alerts/${id}/ips`;

async function ask(path: string, bearer = token()) {
  const answer = await fetch(`${defender.url}${path}`, { headers: { Authorization: `Bearer ${bearer}` } });
  return {
    status: answer.status,
    headers: answer.headers,
    // biome-ignore lint/suspicious/noExplicitAny: the tests say what it is
    body: (await answer.json()) as any,
  };
}

/** Many calls at one moment; answers how many were let through. */
async function burst(calls: number): Promise<number> {
  const answers = await Promise.all(Array.from({ length: calls }, () => ask(ipsOf(KNOWN_ALERT))));
  return answers.filter(({ status }) => status === 200).length;
}

const error = (code: string) => ({
  error: { code, message: expect.any(String), target: expect.any(String) },
});

test("a user's token needs the delegated permission", async () => {
  const path = ipsOf(KNOWN_ALERT);
  expect((await ask(path, token({ scopes: ['Alert.Read', 'Ip.Read.All'] }))).status).toBe(200);
  const refused = await ask(path, token({ scopes: ['Alert.Read'] }));
  expect(refused.status).toBe(403);
  expect(refused.body).toEqual(error('Forbidden'));
});

describe('related IPs', () => {
  test('the alert of the documentation has the addresses of the documentation', async () => {
    const { status, body, headers } = await ask(ipsOf(KNOWN_ALERT));
    expect(status).toBe(200);
    expect(body).toEqual({
      '@odata.context': 'https://api.securitycenter.microsoft.com/$metadata#Ips',
      value: [{ id: '104.80.104.128' }, { id: '23.203.232.228' }],
    });
    expect(headers.get('date')).toBe(new Date(clock.epochMs()).toUTCString());
  });

  test('any other alert has one to four, always the same', async () => {
    const ids = Array.from({ length: 30 }, (_, at) => `da637472900382838869_${at}`);
    const counts = new Set(ids.map((id) => inventIps(id).length));
    expect([...counts].toSorted()).toEqual([1, 2, 3, 4]);
    const { body } = await ask(ipsOf(ids[0] ?? ''));
    expect(body.value).toEqual(inventIps(ids[0] ?? '').map((id) => ({ id })));
    expect(ids.some((id) => inventIps(id).some((ip) => ip.includes(':')))).toBe(true);
  });

  test('empty, unknown, and what a test says', async () => {
    expect((await ask(ipsOf(EMPTY_ALERT))).body.value).toEqual([]);
    expect(await ask(ipsOf(UNKNOWN_ALERT))).toMatchObject({ status: 404, body: error('ResourceNotFound') });
    defender.alerts.set(UNKNOWN_ALERT, ['192.0.2.1']);
    expect((await ask(ipsOf(UNKNOWN_ALERT))).body.value).toEqual([{ id: '192.0.2.1' }]);
  });

  test.each(['x', '..%2F..', 'da637472900382838869', `${KNOWN_ALERT}%0d`])(
    'the id %s is a 400',
    async (id) => {
      expect(await ask(ipsOf(id))).toMatchObject({ status: 400, body: error('InvalidInput') });
    },
  );

  test.each(['636688558380765161_2136280442', 'dac6a87bc6-0000-4000-8000-000000000000_1'])(
    'the id %s is one',
    async (id) => {
      expect((await ask(ipsOf(id))).status).toBe(200);
    },
  );
});

describe('IP statistics', () => {
  test('are told for seen and unseen addresses', async () => {
    const { body } = await ask('/api/ips/104.80.104.128/stats?lookBackHours=48');
    expect(body).toMatchObject({ ipAddress: '104.80.104.128', orgFirstSeen: '2026-11-21T18:00:00Z' });
    expect(body.organizationPrevalence).toBeGreaterThan(0);
    expect((await ask(`/api/ips/${UNSEEN_IP}/stats`)).body).toMatchObject({
      organizationPrevalence: 0,
      orgFirstSeen: null,
    });
  });

  test.each(['/api/ips/1.2.3/stats', '/api/ips/1.2.3.4/stats?lookBackHours=721'])(
    '%s is a 400',
    async (path) => {
      expect(await ask(path)).toMatchObject({ status: 400, body: error('InvalidInput') });
    },
  );
});

describe('tokens', () => {
  test.each([
    ['none', () => ''],
    ['another form', () => 'abc'],
    ['another audience', () => token({ resource: 'https://other.test' })],
    [
      'an expired one',
      async () => {
        const old = token();
        await clock.pass(86_400_000);
        return old;
      },
    ],
    [
      'a revoked one',
      () => {
        const revoked = token();
        defender.revoked.add(revoked);
        return revoked;
      },
    ],
  ])('%s is a 401', async (_what, make) => {
    expect(await ask(ipsOf(KNOWN_ALERT), await make())).toMatchObject({
      status: 401,
      body: error('Unauthorized'),
    });
  });

  test('one without the role is a 403', async () => {
    const bearer = token({ roles: ['Alert.Read.All'] });
    expect(await ask(ipsOf(KNOWN_ALERT), bearer)).toMatchObject({ status: 403, body: error('Forbidden') });
  });
});

describe('the quota', () => {
  test('lets exactly 100 through in a minute, and says how long to wait', async () => {
    expect(await burst(40)).toBe(40);
    await clock.pass(20_500);
    expect(await burst(60)).toBe(60);
    const refused = await ask(ipsOf(KNOWN_ALERT));
    expect(refused).toMatchObject({ status: 429, body: error('TooManyRequests') });
    // 39.5 s until the first 40 leave the window.
    expect(refused.headers.get('retry-after')).toBe('40');
    await clock.pass(39_499);
    expect(await burst(1)).toBe(0);
    await clock.pass(1);
    // The 60 and the two that were refused are still there.
    expect(await burst(50)).toBe(38);
  });

  test('counts refused calls: who goes on calling stays out', async () => {
    expect(await burst(100)).toBe(100);
    await clock.pass(30_000);
    expect(await burst(100)).toBe(0);
    await clock.pass(59_999);
    expect(await burst(1)).toBe(0);
    await clock.pass(1);
    expect(await burst(100)).toBe(99);
  });

  test('lets 1,500 through in an hour', async () => {
    for (let minute = 0; minute < 15; minute += 1) {
      expect(await burst(100)).toBe(100);
      await clock.pass(60_000);
    }
    const refused = await ask(ipsOf(KNOWN_ALERT));
    expect(refused.headers.get('retry-after')).toBe(String(45 * 60));
    const times = defender.arrivals.map(({ atMs }) => atMs);
    expect(mostInAnyWindow(times, 60_000)).toBe(100);
    expect(mostInAnyWindow(times, 3_600_000)).toBe(1501);
  });

  test('is each application’s own, and calls without a valid token are not charged', async () => {
    await Promise.all(Array.from({ length: 100 }, () => ask(ipsOf(KNOWN_ALERT), 'junk')));
    expect(await burst(101)).toBe(100);
    expect((await ask(ipsOf(KNOWN_ALERT), token({ clientId: 'other' }))).status).toBe(200);
  });
});

describe('a test', () => {
  test('can take over answers; the call has arrived and is charged all the same', async () => {
    defender.intercept = (_request, response) => {
      response.writeHead(503).end('{}');
      return true;
    };
    expect((await ask(ipsOf(KNOWN_ALERT))).status).toBe(503);
    defender.intercept = undefined;
    expect(await burst(100)).toBe(99);
    expect(defender.arrivals[0]).toEqual({ atMs: 0, path: ipsOf(KNOWN_ALERT), status: 503 });
  });

  test('sees the latency it asked for, by its own clock', async () => {
    const slow = await startDefenderSimulator({
      clock,
      random: () => 0.5,
      audience,
      latencyMs: { min: 100, max: 300 },
    });
    let answered = false;
    const answer = fetch(`${slow.url}${ipsOf(KNOWN_ALERT)}`).then((response) => {
      answered = true;
      return response.status;
    });
    while (clock.sleeping === 0) await new Promise(setImmediate);
    await clock.pass(199);
    await new Promise(setImmediate);
    expect([answered, clock.sleeping]).toEqual([false, 1]);
    await clock.pass(1);
    expect(await answer).toBe(401);
    await slow.close();
  });

  test('can close it while callers wait', async () => {
    const slow = await startDefenderSimulator({
      clock,
      random: () => 0,
      audience,
      latencyMs: { min: 1, max: 2 },
    });
    const answer = fetch(`${slow.url}${ipsOf(KNOWN_ALERT)}`);
    answer.catch(() => {});
    while (clock.sleeping === 0) await new Promise(setImmediate);
    await slow.close();
    await expect(answer).rejects.toThrow('fetch failed');
  });
});
