import { afterEach, describe, expect, test } from '@jest/globals';
import type { Answer } from '../support/exchange.js';
import { type Fleet, freshAlertIds, type Instance, startFleet } from '../support/fleet.js';
import type { Stage } from '../support/storage-proxy.js';
import { answerOf, pathOf } from './polling.js';

/** The host's lease on a message in work, and a bit; the claim on the job is over by then, too. */
const LEASE_OVER_MS = 605_000;

/** Of one process: `MAX_IN_FLIGHT` in shared/quota/quota.ts. */
const MOST_IN_FLIGHT = 32;

const SEND = /^POST .*\/alert-ip-jobs-[^/]*\/messages$/;
const ACKNOWLEDGE = /^DELETE .*\/alert-ip-jobs-[^/]*\/messages\//;

let fleet: Fleet;
afterEach(() => fleet.close());

const gone = (error: NodeJS.ErrnoException) => error.code;

/** Kills an instance as soon as an exchange with the storage is at a stage; what it was about never goes on. */
function killAt(victim: Instance, stage: Stage, request: RegExp): Promise<void> {
  return new Promise((resolve) => {
    fleet.storage.onExchange = (at, name) => {
      if (at !== stage || !request.test(name)) return 'pass';
      fleet.storage.onExchange = () => 'pass';
      resolve(victim.kill());
      return 'hold';
    };
  });
}

/** Ids of the alerts that Defender was asked for, in the order of asking. */
const asked = () => fleet.defender.arrivals.map(({ path }) => path.split('/')[3]);

function expectFound(answer: Answer, ids: readonly string[]): void {
  expect(answer.status).toBe(200);
  const alerts: { alertId: string; status: string }[] = answer.json.enrichment.alerts;
  expect(alerts.map(({ alertId, status }) => `${alertId} ${status}`)).toEqual(ids.map((id) => `${id} found`));
}

describe('kill -9', () => {
  test('row 10: kill -9 before a job’s message is in the queue → the post fails, and repeated it becomes one job that is done once', async () => {
    fleet = await startFleet({});
    const [victim, other] = await fleet.launch({}, {});
    const ids = freshAlertIds(3);
    const killed = killAt(victim, 'asked', SEND);
    const lost = victim.enrich({ alertIds: ids }, '?mode=async').catch(gone);
    await killed;
    expect(await lost).toBe('ECONNRESET');
    expect(asked()).toEqual([]);
    const path = pathOf(await other.enrich({ alertIds: ids }, '?mode=async'));
    expectFound(await answerOf(other.ask, path), ids);
    expect(asked().sort()).toEqual([...ids].sort());
  });

  test('row 10: kill -9 after a job’s message is in the queue → others do the work, and the repeated post finds it, each alert asked once', async () => {
    fleet = await startFleet({});
    const [victim, other] = await fleet.launch({}, {});
    const ids = freshAlertIds(3);
    const killed = killAt(victim, 'answered', SEND);
    const lost = victim.enrich({ alertIds: ids }, '?mode=async').catch(gone);
    await killed;
    expect(await lost).toBe('ECONNRESET');
    const path = pathOf(await other.enrich({ alertIds: ids }, '?mode=async'));
    expectFound(await answerOf(other.ask, path), ids);
    expect(asked().sort()).toEqual([...ids].sort());
  });

  test('row 10: kill -9 of a worker in mid-lookup → when its lease is over another one goes on, and only the call in flight is repeated', async () => {
    fleet = await startFleet({});
    const [victim] = await fleet.launch({});
    const ids = freshAlertIds(5);
    const stuck = ids[2] ?? '';
    const reached = new Promise<void>((resolve) => {
      fleet.defender.intercept = ({ url = '' }) => {
        if (!url.includes(stuck)) return false;
        resolve();
        return true;
      };
    });
    const kept = exchanged(/^PUT .*\/answers\//, 4);
    const path = pathOf(await victim.enrich({ alertIds: ids }, '?mode=async'));
    await Promise.all([reached, kept]);
    await victim.kill();
    fleet.defender.intercept = undefined;
    const [other] = await fleet.launch({});
    expect((await other.ask(path)).status).toBe(202);
    await fleet.azurite.setAhead(LEASE_OVER_MS);
    expectFound(await answerOf(other.ask, path), ids);
    expect(asked().sort()).toEqual([...ids, stuck].sort());
  });

  test('row 10: kill -9 of a worker before it acknowledges the message → the answer is there, and the message’s next delivery does nothing', async () => {
    fleet = await startFleet({});
    const [victim] = await fleet.launch({});
    const ids = freshAlertIds(2);
    const killed = killAt(victim, 'asked', ACKNOWLEDGE);
    const path = pathOf(await victim.enrich({ alertIds: ids }, '?mode=async'));
    await killed;
    const [other] = await fleet.launch({});
    const answer = await other.ask(path);
    expectFound(answer, ids);
    await fleet.azurite.setAhead(LEASE_OVER_MS);
    await exchanged(ACKNOWLEDGE); // delivered again, and dropped
    expect((await other.ask(path)).text).toBe(answer.text);
    expect(asked().sort()).toEqual([...ids].sort());
  });
});

describe('appTerminate', () => {
  test('row 33: appTerminate with a job in work → its calls in flight are kept, and another process goes on at once', async () => {
    fleet = await startFleet({
      defender: { latencyMs: { min: 1_500, max: 1_500 } },
      settings: { QUOTA_PER_MINUTE: '60' },
    });
    const [first] = await fleet.launch({});
    const ids = freshAlertIds(40);
    // More calls than are made at once: some wait for a permit.
    const path = pathOf(await first.enrich({ alertIds: ids }, '?mode=async'));
    while (asked().length < MOST_IN_FLIGHT) await new Promise((resolve) => setTimeout(resolve, 5));
    first.terminate();
    await first.written;
    const [other] = await fleet.launch({});
    expectFound(await answerOf(other.ask, path), ids);
    expect(asked().sort()).toEqual([...ids].sort());
  });
});

/** Resolves when the storage has answered such a request so many times from now on. */
function exchanged(request: RegExp, times = 1): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    fleet.storage.onExchange = (at, name) => {
      if (at === 'answered' && request.test(name) && ++seen === times) resolve();
      return 'pass';
    };
  });
}
