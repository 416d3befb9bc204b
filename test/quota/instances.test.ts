import { afterEach, describe, expect, test } from '@jest/globals';
import { mostInAnyWindow } from '../../local/defender/windows.js';
import { freshAlertIds } from '../support/alert-ids.js';
import { openStore } from '../support/azurite-store.js';
import { type Fleet, type Instance, lost, startFleet } from '../support/fleet.js';
import { lookUp } from '../support/fleet-answers.js';
import { eventually, insist } from '../support/polling.js';
import { expectRetryLater } from '../support/problems.js';
import { read } from './ledgers.js';

const SWAP = /^PUT .*\/quota\//;

/** Without a cache nothing but the quota asks the storage: each lookup would read a blob before its permit. */
const NO_CACHE = { IPS_CACHE_SECONDS: '0', NOT_FOUND_CACHE_SECONDS: '0' };

let fleet: Fleet;
afterEach(() => fleet.close());

function expectLimitKept(perMinute: number): void {
  expect(fleet.refused()).toBe(0);
  expect(mostInAnyWindow(fleet.arrivals(), 60_000)).toBeLessThanOrEqual(perMinute);
}

/** Looks so many alerts up from each instance, all at the same time. */
async function burst(instances: readonly Instance[], each: number) {
  const looked = await Promise.all(instances.map((instance) => lookUp(instance, freshAlertIds(each))));
  const sum = (of: 'found' | 'refused') => looked.reduce((all, one) => all + one[of], 0);
  return { looked, found: sum('found'), refused: sum('refused') };
}

const enrichNew = (instance: Instance) => insist(() => instance.enrich({ alertIds: freshAlertIds(1) }));

describe('the quota of real processes', () => {
  test('four processes bursting, 240 alerts in a minute that takes 100 → 100 answered, the others told when to come back, and by Defender’s own log no window is broken', async () => {
    fleet = await startFleet({ settings: NO_CACHE });
    const instances = await fleet.launch({}, {}, {}, {});
    const { looked, found, refused } = await burst(instances, 60);
    expect({ found, refused }).toEqual({ found: 100, refused: 140 });
    expect(fleet.arrivals()).toHaveLength(100);
    expectLimitKept(100);
    for (const { refused, answer } of looked) {
      if (refused > 0) expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(64);
    }
  });

  test('instances whose clocks are five minutes apart either way → the limit holds, and all are told the same moment', async () => {
    fleet = await startFleet({
      defender: { perMinute: 30 },
      settings: { ...NO_CACHE, QUOTA_PER_MINUTE: '30' },
    });
    const instances = await fleet.launch({ calendarMs: -300_000 }, {}, { calendarMs: 300_000 });
    const { found, refused } = await burst(instances, 20);
    expect({ found, refused }).toEqual({ found: 30, refused: 30 });
    const moments = await Promise.all(instances.map(momentToComeBack));
    const latest = Math.max(...moments.map(({ fromMs }) => fromMs));
    const earliest = Math.min(...moments.map(({ untilMs }) => untilMs));
    expect(latest - earliest).toBeLessThanOrEqual(3_000);
    expect(earliest).toBeGreaterThan(Math.min(...fleet.arrivals()) + 60_000);
    expectLimitKept(30);
  });

  test('restart with the minute and the hour spent → the budget is kept: 429 with the wait, and Defender is not asked', async () => {
    fleet = await startFleet({ settings: { ...NO_CACHE, QUOTA_PER_HOUR: '25' } });
    const [before] = await fleet.launch({});
    expect((await lookUp(before, freshAlertIds(25))).found).toBe(25);
    await before.kill();
    const [after] = await fleet.launch({});
    const seconds = expectRetryLater(await enrichNew(after), 429, 'quota-exhausted');
    expect(seconds).toBeGreaterThan(3_400);
    expect(seconds).toBeLessThanOrEqual(3_604);
    expect(fleet.arrivals()).toHaveLength(25);
  });

  test('kill -9 in mid-swap, before the storage or after it has written → no lock is left: the others go on at once, and what was charged stays charged', async () => {
    fleet = await startFleet({ settings: { ...NO_CACHE, QUOTA_PER_HOUR: '6' } });
    const [first, other] = await fleet.launch({}, {});
    expect((await enrichNew(other)).status).toBe(200);
    await killInSwap(first, 'asked');
    const [second] = await fleet.launch({}); // what it knows of the ledger is not from before the last write
    await killInSwap(second, 'written');
    expect(await lookUp(other, freshAlertIds(6))).toMatchObject({ found: 4, refused: 2 });
    expect(fleet.arrivals()).toHaveLength(5);
  });
});

/** What an instance says when there is nothing left, as the moment that it can have meant, on this process's clock. */
async function momentToComeBack(instance: Instance): Promise<{ fromMs: number; untilMs: number }> {
  let askedAtMs = Number.NaN;
  const answer = await insist(() => {
    askedAtMs = performance.now();
    return instance.enrich({ alertIds: freshAlertIds(1) });
  });
  const waitMs = 1_000 * expectRetryLater(answer, 429, 'quota-exhausted');
  expect(waitMs).toBeLessThanOrEqual(64_000);
  return { fromMs: askedAtMs + waitMs, untilMs: performance.now() + waitMs };
}

/** Lets an instance look an alert up, and kills it while its swap is under way. */
async function killInSwap(victim: Instance, moment: 'asked' | 'written'): Promise<void> {
  const killed = victim.killAt(moment, SWAP);
  const asked = lost(victim.enrich({ alertIds: freshAlertIds(1) }));
  await killed;
  expect(await asked).toBe('ECONNRESET');
}

describe('a process that is told to end', () => {
  test('appTerminate with calls in flight and callers in the queue for permits → what is in flight is answered, the others are told to ask again, at once; then the process ends', async () => {
    fleet = await startFleet({
      defender: { latencyMs: { min: 700, max: 700 } },
      settings: { ...NO_CACHE, QUOTA_PER_MINUTE: '3' },
    });
    const [instance] = await fleet.launch({});
    const asked = instance.enrich({ alertIds: freshAlertIds(5) }, '?wait=100');
    await eventually(() => fleet.arrivals().length === 3 || undefined);
    instance.terminate();
    const toldAtMs = performance.now();
    const { status, headers, json } = await asked;
    expect(performance.now() - toldAtMs).toBeLessThan(55_000); // what waiting for a permit would have taken
    expect(status).toBe(200);
    const alerts: { status: string; error?: unknown }[] = json.enrichment.alerts;
    expect(alerts.filter(({ status }) => status === 'found')).toHaveLength(3);
    const stopping = { status: 503, type: expect.stringMatching(/:app-stopping$/) };
    expect(alerts.flatMap(({ error = [] }) => error)).toMatchObject([stopping, stopping]);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    await instance.written;
    expect(fleet.arrivals()).toHaveLength(3);
  });
});

describe('what Defender says to one process', () => {
  test('429 + 2 s to one process → every process pauses at least 2 s, then 200', async () => {
    fleet = await startFleet({ settings: NO_CACHE });
    const [one, other] = await fleet.launch({}, {});
    let saidAtMs = Number.NaN;
    const said = new Promise<void>((resolve) => {
      fleet.defender.intercept = (_request, response) => {
        saidAtMs = performance.now();
        fleet.defender.intercept = undefined;
        response.writeHead(429, { 'retry-after': '2' }).end();
        resolve();
        return true;
      };
    });
    const first = enrichNew(one);
    await said;
    await pausedInLedger();
    const second = enrichNew(other);
    expect((await first).status).toBe(200);
    expect((await second).status).toBe(200);
    const afterwards = fleet.arrivals().filter((atMs) => atMs > saidAtMs);
    expect(afterwards).toHaveLength(2);
    expect(Math.min(...afterwards) - saidAtMs).toBeGreaterThanOrEqual(2_000);
  });

  test('429 + 3,600 s to one process → at once 429 with the same wait from every process, without another call', async () => {
    fleet = await startFleet({ settings: NO_CACHE });
    const [one, other] = await fleet.launch({}, {});
    expect((await enrichNew(other)).status).toBe(200);
    fleet.defender.intercept = (_request, response) => {
      response.writeHead(429, { 'retry-after': '3600' }).end();
      return true;
    };
    const waits = [];
    for (const instance of [one, other, one])
      waits.push(expectRetryLater(await enrichNew(instance), 429, 'quota-exhausted'));
    expect(Math.min(...waits)).toBeGreaterThan(3_400);
    expect(Math.max(...waits)).toBeLessThanOrEqual(3_603);
    expect(fleet.arrivals()).toHaveLength(2);
  });
});

/** Resolves when the ledger that all share says that there is a pause. */
async function pausedInLedger(): Promise<void> {
  const store = openStore(fleet.azurite);
  await eventually(async () => {
    for (const { name } of (await store.list('quota/')).blobs) {
      const { blob, storeTimeMs } = await store.read(name);
      if ((read(blob?.text ?? '', storeTimeMs)?.pausedUntilMs ?? 0) > 0) return true;
    }
    return undefined;
  });
}
