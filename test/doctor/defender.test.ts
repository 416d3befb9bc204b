import { afterEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { startDefenderSimulator } from '../../local/defender/simulator.js';
import { startReceiver } from '../../local/receiver/receiver.js';
import { createApp } from '../../shared/app/app.js';
import { systemClock } from '../../shared/base/clock.js';
import type { LastCall } from '../../shared/upstream/client.js';
import type { Failure } from '../../shared/upstream/retry.js';
// Loaded before time stands still: the app itself loads it when it is asked.
import '../../shared/delivery/agents.js';
import { defender, hasAnswered } from '../../shared/doctor/checks/defender.js';
import { FakeTimers } from '../support/fake-timers.js';
import { resolveBy } from '../support/network.js';
import { startSilentServer } from '../support/raw-server.js';
import { AUTHORITY_TLS } from '../support/tls-fixtures.js';
import { startWorld, type World } from '../support/world.js';
import { consult } from './consult.js';

let world: World | undefined;
const servers: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await world?.close();
  world = undefined;
  for (const server of servers.splice(0)) await server.close();
});

const NOTHING_SEEN =
  /^Nothing is wrong that can be seen without asking Defender|nothing worse that can be seen/;

describe('without a probe', () => {
  test('an app that has asked nobody: its host can be connected to, without a call and without quota', async () => {
    world = await startWorld();
    const { of, answer } = await consult(world);
    expect(of('defender')).toMatchObject({
      status: 'ok',
      found: expect.stringMatching(/^Not asked: http:\/\/127.*can be connected to.*probe=ALERT_ID/),
    });
    expect(of('clock').found).toMatch(/Not compared.*probe=ALERT_ID/);
    expect(answer.json.summary).toMatch(NOTHING_SEEN);
    expect(world.asked()).toEqual([]);
    expect(of('quota').found).toContain('0 of 100');
  });

  test('the last caller was answered: that counts, with its time', async () => {
    world = await startWorld();
    await world.enrich({ alertId: KNOWN_ALERT });
    const { of, answer } = await consult(world);
    expect(of('defender').found).toMatch(/answered the last call of this process, at \d{4}-.*Z/);
    expect(answer.json.summary).toContain('Defender answered: it works');
    expect(world.asked()).toHaveLength(1);
  });

  test('a certificate that nobody trusts', async () => {
    const receiver = await startReceiver({ tls: AUTHORITY_TLS });
    servers.push(receiver);
    world = await startWorld({ settings: { DEFENDER_API_HOST: new URL(receiver.url).origin } });
    expect((await consult(world)).of('defender')).toMatchObject({
      status: 'fail',
      found: expect.stringContaining('certificate'),
      fix: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
    expect(receiver.received).toEqual([]);
  });

  test('a name that leads to the addresses of the cloud platform', async () => {
    const restore = resolveBy((host) => (host === 'api.example.com' ? '169.254.169.254' : undefined));
    world = await startWorld({ settings: { DEFENDER_API_HOST: 'https://api.example.com' } });
    const { status, fix } = (await consult(world)).of('defender');
    restore();
    expect(status).toBe('fail');
    expect(fix).toContain('DEFENDER_API_HOST');
    expect(fix).not.toContain('allowPrivateHost');
  });

  test('a host that never finishes its handshake: within 5 s', async () => {
    const time = new FakeTimers();
    try {
      const server = await time.until(startSilentServer());
      servers.push(server);
      const settings = { DEFENDER_API_HOST: server.url };
      const started = await time.until(startWorld({ settings }));
      world = started;
      const began = started.clock.monotonicMs();
      const { of } = await time.until(consult(started));
      expect(started.clock.monotonicMs() - began).toBeLessThan(6_000);
      expect(of('defender')).toMatchObject({
        status: 'fail',
        found: expect.stringContaining('within 5 s'),
        fix: expect.stringContaining('outbound rules'),
      });
    } finally {
      time.end();
    }
  });
});

describe('what the process remembers of its last call', () => {
  const HOUR_MS = 3_600_000;
  const FORBIDDEN: Failure = {
    kind: 'forbidden',
    status: 403,
    upstream: { code: 'Forbidden', message: 'm' },
  };
  const AWAY: Failure = { kind: 'unavailable', status: 503, retryAfterMs: undefined, upstream: undefined };

  test.each<[string, number, Failure | undefined, string, RegExp, boolean]>([
    ['an answer of now', 0, undefined, 'ok', /answered the last call/, true],
    [
      'an answer of an hour and more ago',
      HOUR_MS + 1_000,
      undefined,
      'ok',
      /Not asked.*more than an hour/,
      false,
    ],
    ['a refusal', 0, FORBIDDEN, 'fail', /The last call.*failed.*403/, false],
    ['a refusal of an hour and more ago', HOUR_MS + 1_000, FORBIDDEN, 'ok', /Not asked/, false],
    ['what passes by itself', 0, AWAY, 'warn', /The last call.*failed.*503.*probe=ALERT_ID/, false],
  ])('%s', async (_what, ageMs, failure, status, found, isAnswered) => {
    const simulator = await startDefenderSimulator({
      clock: systemClock,
      random: () => 0.5,
      audience: 'https://a.test',
    });
    const startup = createApp({ STATE_STORAGE: 'memory', DEFENDER_API_HOST: simulator.url });
    if (!startup.ok) throw new Error('these settings are right');
    const { app } = startup;
    const lastCall: LastCall = { atMs: systemClock.epochMs() - ageMs, ...(failure && { failure }) };
    Object.defineProperty(app.defender, 'lastCall', { value: lastCall });
    const nothing = { token: Promise.resolve({ ok: true, claims: undefined } as const), probe: undefined };
    const patient = { app, ...nothing, asked: {}, storage: Promise.resolve(undefined) };
    const [seen] = await defender.examine(patient, new AbortController().signal);
    await simulator.close();
    expect(seen).toMatchObject({ status, found: expect.stringMatching(found) });
    expect(hasAnswered(app)).toBe(isAnswered);
  });
});
