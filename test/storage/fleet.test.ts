import { afterEach, describe, expect, test } from '@jest/globals';
import { mostInAnyWindow } from '../../local/defender/windows.js';
import {
  type Fleet,
  freshAlertIds,
  type Instance,
  startFleet,
  writesTo,
  writtenAfter,
} from '../support/fleet.js';
import { counts, expectRetry } from '../support/fleet-answers.js';
import type { Stage } from '../support/storage-proxy.js';

let fleet: Fleet;
afterEach(() => fleet.close());

function expectLimitKept(perMinute: number): void {
  expect(fleet.refused()).toBe(0);
  expect(mostInAnyWindow(fleet.arrivals(), 60_000)).toBeLessThanOrEqual(perMinute);
}

describe('the quota of real processes', () => {
  test('row 27: four processes bursting, 240 alerts in a minute that takes 100 → 100 answered, the others told when to come back, and by Defender’s own log no window is broken', async () => {
    fleet = await startFleet({});
    const instances = await fleet.launch({}, {}, {}, {});
    const answers = await Promise.all(
      instances.map((instance) => instance.enrich({ alertIds: freshAlertIds(60) }, '?wait=20')),
    );
    expect(counts(answers)).toEqual({ found: 100, refused: 140 });
    expect(fleet.arrivals()).toHaveLength(100);
    expectLimitKept(100);
    for (const answer of answers) {
      if (counts([answer]).refused > 0) expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(64);
    }
  });

  test('row 31: instances whose clocks are five minutes apart either way → the limit holds, and all are told the same wait', async () => {
    fleet = await startFleet({ defender: { perMinute: 30 }, settings: { QUOTA_PER_MINUTE: '30' } });
    const instances = await fleet.launch({ calendarMs: -300_000 }, {}, { calendarMs: 300_000 });
    const ask = () =>
      instances.map((instance) => instance.enrich({ alertIds: freshAlertIds(20) }, '?wait=20'));
    const answers = await Promise.all(ask());
    expect(counts(answers)).toEqual({ found: 30, refused: 30 });
    const waits = (await Promise.all(ask())).map((answer) => expectRetry(answer, 429));
    expect(Math.max(...waits)).toBeLessThanOrEqual(64);
    expect(Math.min(...waits)).toBeGreaterThan(30);
    expect(Math.max(...waits) - Math.min(...waits)).toBeLessThanOrEqual(3);
    expectLimitKept(30);
  });

  test('row 30: restart with the minute and the hour spent → the budget is kept: 429 with the wait, and Defender is not asked', async () => {
    fleet = await startFleet({ settings: { QUOTA_PER_HOUR: '25' } });
    const [before] = await fleet.launch({});
    expect(counts([await before.enrich({ alertIds: freshAlertIds(25) })]).found).toBe(25);
    await before.kill();
    const [after] = await fleet.launch({});
    const seconds = expectRetry(await after.enrich({ alertIds: freshAlertIds(1) }), 429);
    expect(seconds).toBeGreaterThan(3_500);
    expect(seconds).toBeLessThanOrEqual(3_604);
    expect(fleet.arrivals()).toHaveLength(25);
  });

  test('row 10: kill -9 in mid-swap, before the storage or after it has written → no lock is left: the others go on at once, and what was charged stays charged', async () => {
    fleet = await startFleet({ settings: { QUOTA_PER_MINUTE: '6' } });
    const [first, other] = await fleet.launch({}, {});
    await other.enrich({ alertIds: freshAlertIds(1) });
    await killInSwap(first, 'asked');
    const [second] = await fleet.launch({}); // what it knows of the ledger is not from before the last write
    await killInSwap(second, 'answered');
    const answer = await other.enrich({ alertIds: freshAlertIds(6) }, '?wait=20');
    expect(counts([answer])).toEqual({ found: 4, refused: 2 });
    expectLimitKept(6);
  });
});

describe('a process that is told to end', () => {
  test('row 33: appTerminate with calls in flight and callers in the queue for permits → what is in flight is answered, the others are told to ask again, at once; then the process ends', async () => {
    fleet = await startFleet({
      defender: { latencyMs: { min: 700, max: 700 } },
      settings: { QUOTA_PER_MINUTE: '3' },
    });
    const [instance] = await fleet.launch({});
    const beganMs = performance.now();
    const asked = instance.enrich({ alertIds: freshAlertIds(5) }, '?wait=100');
    while (fleet.arrivals().length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    instance.terminate();
    const answer = await asked;
    expect(performance.now() - beganMs).toBeLessThan(10_000);
    expect(counts([answer])).toEqual({ found: 3, refused: 2 });
    const failed = answer.json.enrichment.alerts.filter(
      ({ status }: { status: string }) => status === 'failed',
    );
    for (const { error } of failed)
      expect(error).toMatchObject({ status: 503, type: expect.stringMatching(/:app-stopping$/) });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    await instance.written;
    expect(fleet.arrivals()).toHaveLength(3);
  });
});

describe('what Defender says to one process', () => {
  test('row 11: 429 + 2 s to one process → every process pauses at least 2 s, then 200', async () => {
    fleet = await startFleet({});
    const [one, other] = await fleet.launch({}, {});
    await Promise.all([one, other].map((instance) => instance.enrich({ alertIds: freshAlertIds(1) })));
    let saidAtMs = Number.NaN;
    const said = new Promise<number>((resolve) => {
      fleet.defender.intercept = (_request, response) => {
        saidAtMs = performance.now();
        fleet.defender.intercept = undefined;
        response.writeHead(429, { 'retry-after': '2' }).end();
        resolve(writesTo(fleet, 'quota'));
        return true;
      };
    });
    const first = one.enrich({ alertIds: freshAlertIds(1) });
    // The other one asks when the ledger knows of the pause.
    await writtenAfter(fleet, 'quota', await said);
    const second = other.enrich({ alertIds: freshAlertIds(1) });
    expect((await first).status).toBe(200);
    expect((await second).status).toBe(200);
    const afterwards = fleet.arrivals().filter((atMs) => atMs > saidAtMs);
    expect(afterwards).toHaveLength(2);
    expect(Math.min(...afterwards) - saidAtMs).toBeGreaterThanOrEqual(2_000);
  });

  test('row 12: 429 + 3,600 s to one process → at once 429 with the same wait from every process, without another call', async () => {
    fleet = await startFleet({});
    const [one, other] = await fleet.launch({}, {});
    await other.enrich({ alertIds: freshAlertIds(1) });
    fleet.defender.intercept = (_request, response) => {
      response.writeHead(429, { 'retry-after': '3600' }).end();
      return true;
    };
    const waits = [];
    for (const instance of [one, other, one]) {
      waits.push(expectRetry(await instance.enrich({ alertIds: freshAlertIds(1) }), 429));
    }
    expect(Math.min(...waits)).toBeGreaterThan(3_570);
    expect(Math.max(...waits)).toBeLessThanOrEqual(3_603);
    expect(fleet.arrivals()).toHaveLength(2);
  });
});

/** Lets an instance look an alert up, and kills it while its swap is under way. */
async function killInSwap(victim: Instance, stage: Stage): Promise<void> {
  const held = new Promise<void>((resolve) => {
    fleet.storage.onExchange = (at, request) => {
      if (at !== stage || !/^PUT .*\/quota\//.test(request)) return 'pass';
      resolve();
      return 'hold';
    };
  });
  const lost = victim
    .enrich({ alertIds: freshAlertIds(1) })
    .catch((error: NodeJS.ErrnoException) => error.code);
  await held;
  await victim.kill();
  expect(await lost).toBe('ECONNRESET');
  fleet.storage.onExchange = () => 'pass';
}
