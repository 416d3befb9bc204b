import { afterEach, expect, test } from '@jest/globals';
import { KNOWN_ALERT, UNKNOWN_ALERT } from '../../local/defender/alerts.js';
import { DEVICE, ipEvidence } from '../../local/graph/simulator.js';
import { always, upstreamError } from '../faults/answers.js';
import { alertIds } from '../support/alert-ids.js';
import { startWorld, type World } from '../support/world.js';
import { consult } from './consult.js';

const BOTH = { IP_SOURCES: 'defender,graph' };
let world: World;
afterEach(() => world.close());

const of = async (name: string, query = '') => {
  const { answer } = await consult(world, query);
  return (answer.json.checks as { name: string; status: string; found: string; fix?: string }[]).filter(
    (check) => check.name === name,
  );
};

test('Graph is looked at where it is a source, and is not asked', async () => {
  world = await startWorld({ settings: BOTH });
  expect(await of('graph')).toMatchObject([
    { status: 'ok', found: expect.stringContaining('SecurityAlert.Read.All') },
  ]);
  expect(world.graph.arrivals).toEqual([]);
});

test('probe asks each source once, and says what came of it', async () => {
  world = await startWorld({ settings: BOTH });
  const [, found] = await of('graph', `?probe=${KNOWN_ALERT}`);
  expect(found).toMatchObject({
    status: 'ok',
    found: expect.stringMatching(/200, with 2 addresses .* and 5 of its dev/),
  });
  expect([world.defender.arrivals.length, world.graph.arrivals.length]).toEqual([1, 1]);
  const [, unknown] = await of('graph', `?probe=${UNKNOWN_ALERT}`);
  expect(unknown).toMatchObject({ status: 'ok', found: expect.stringContaining('tuned') });
});

test.each([
  ['commercial', 'https://graph.microsoft.com/', '472e4a4d-bb4a-4026-98d1-0b0d74cb74a5'],
  ['gcc', 'https://graph.microsoft.com/', '472e4a4d-bb4a-4026-98d1-0b0d74cb74a5'],
  ['gcc-high', 'https://graph.microsoft.us/', '64c33fcb-e6aa-490d-bed5-6016a9ef8f6d'],
  ['dod', 'https://dod-graph.microsoft.us/', '64c33fcb-e6aa-490d-bed5-6016a9ef8f6d'],
])(
  'a 403 of Graph comes with the command that grants its role in the cloud %s',
  async (cloud, host, role) => {
    world = await startWorld({ settings: { ...BOTH, DEFENDER_CLOUD: cloud } });
    world.graph.intercept = always(upstreamError(403, 'Forbidden'));
    const [, refused] = await of('graph', `?probe=${KNOWN_ALERT}`);
    expect(refused?.status).toBe('fail');
    expect(refused?.found).toContain('SecurityAlert.Read.All');
    expect(refused?.fix).toContain(`--url "${host}v1.0/servicePrincipals/`);
    expect(refused?.fix).toContain('00000003-0000-0000-c000-000000000000');
    expect(refused?.fix).toContain(role);
  },
);

test('with Graph alone nothing is said of what Defender wants', async () => {
  world = await startWorld({ settings: { IP_SOURCES: 'graph' } });
  const { names, bad } = await consult(world, `?probe=${KNOWN_ALERT}`);
  expect(names).not.toContain('permission');
  expect(names).not.toContain('defender');
  expect(bad).toEqual([expect.stringContaining('telemetry')].slice(0, bad.length));
  expect(world.defender.arrivals).toEqual([]);
});

test('compare tells what the sources say differently of the alerts that were looked up last', async () => {
  world = await startWorld({ settings: BOTH });
  const [same = '', more = '', fewer = '', unknown = '', own = ''] = alertIds(5);
  for (const id of [same, more, fewer, unknown, own])
    world.defender.alerts.set(id, ['104.80.104.1', '10.0.0.1']);
  const evidence = ['104.80.104.1', '10.0.0.1'].map((ip) => ipEvidence(ip));
  world.graph.alerts.set(same, [DEVICE, ...evidence]);
  world.graph.alerts.set(more, [...evidence, ipEvidence('104.80.104.2')]);
  world.graph.alerts.set(fewer, evidence.slice(0, 1));
  world.graph.alerts.set(unknown, null);
  world.graph.alerts.set(own, [{ ...DEVICE, lastIpAddress: '10.0.0.1' }, ipEvidence('104.80.104.1')]);
  for (const alertId of [own, unknown, fewer, more, same]) await world.enrich({ alertId });
  const told = (await of('compare', '?compare=10')).map(({ found }) => found);
  expect(told).toEqual([
    '1 of 5 alerts have the same addresses in both.',
    `${more}: only Microsoft Graph has 104.80.104.2.`,
    `${fewer}: only Defender has 10.0.0.1.`,
    `${unknown}: Microsoft Graph does not know it.`,
    `${own}: Defender has 10.0.0.1, which elsewhere is a device's own.`,
  ]);
  // What was looked up a moment ago is in Defender's cache.
  expect([world.defender.arrivals.length, world.graph.arrivals.length]).toEqual([5, 5]);
  expect((await of('compare', '?compare=1')).map(({ found }) => found)).toEqual([
    '1 of 1 alerts have the same addresses in both.',
  ]);
});

test('compare asks about the alert that is named as well: a fresh process has looked none up', async () => {
  world = await startWorld({ settings: BOTH });
  expect(await of('compare', `?probe=${KNOWN_ALERT}&compare=1`)).toMatchObject([
    { status: 'ok', found: '1 of 1 alerts have the same addresses in both.' },
  ]);
});

test('compare tells what it costs before it makes more than 20 calls, and makes none', async () => {
  world = await startWorld({ settings: BOTH });
  for (const alertId of alertIds(11)) await world.enrich({ alertId });
  const [told] = await of('compare', '?compare=50');
  expect(told).toMatchObject({
    status: 'warn',
    found: expect.stringContaining('up to 22 calls'),
    fix: expect.stringContaining('spend=22'),
  });
  expect(world.graph.arrivals).toEqual([]);
  expect(await of('compare', '?compare=50&spend=22')).toMatchObject([
    { found: '11 of 11 alerts have the same addresses in both.' },
  ]);
  expect(world.graph.arrivals).toHaveLength(11);
});

test('compare says when there is nothing to compare', async () => {
  world = await startWorld();
  expect(await of('compare', '?compare=5')).toMatchObject([
    { status: 'warn', found: expect.stringContaining('one source only') },
  ]);
  await world.close();
  world = await startWorld({ settings: BOTH });
  expect(await of('compare', '?compare=5')).toMatchObject([
    { status: 'warn', found: expect.stringContaining('no alert') },
  ]);
});
