import { afterEach, describe, expect, test } from '@jest/globals';
import { freshAlertIds } from '../support/alert-ids.js';
import type { Answer } from '../support/exchange.js';
import { type Fleet, lost, startFleet } from '../support/fleet.js';
import { answerOf, eventually, insist, pathOf } from '../support/polling.js';

const SEND = /^POST .*\/alert-ip-jobs-[^/]*\/messages$/;
const ACKNOWLEDGE = /^DELETE .*\/alert-ip-jobs-[^/]*\/messages\//;

let fleet: Fleet;
afterEach(() => fleet.close());

/** Ids of the alerts that Defender was asked for, in the order of asking. */
const asked = () => fleet.defender.arrivals.map(({ path }) => path.split('/')[3]);

function expectFound(answer: Answer, ids: readonly string[]): void {
  expect(answer.status).toBe(200);
  const alerts: { alertId: string; status: string }[] = answer.json.enrichment.alerts;
  expect(alerts.map(({ alertId, status }) => `${alertId} ${status}`)).toEqual(ids.map((id) => `${id} found`));
}

describe('kill -9', () => {
  test('kill -9 before a job’s message is in the queue → the post fails, and repeated it becomes one job that is done once', async () => {
    fleet = await startFleet({});
    const [victim, other] = await fleet.launch({}, {});
    const alertIds = freshAlertIds(3);
    const killed = victim.killAt('asked', SEND);
    const post = lost(victim.enrich({ alertIds }, '?mode=async'));
    await killed;
    expect(await post).toBe('ECONNRESET');
    expect(asked()).toEqual([]);
    const path = pathOf(await insist(() => other.enrich({ alertIds }, '?mode=async')));
    expectFound(await answerOf(other.ask, path), alertIds);
    expect(asked().sort()).toEqual([...alertIds].sort());
  });

  test('kill -9 after a job’s message is in the queue → others do the work, and the repeated post finds it, each alert asked once', async () => {
    fleet = await startFleet({});
    const [victim, other] = await fleet.launch({}, {});
    const alertIds = freshAlertIds(3);
    victim.stopReceiving();
    const killed = victim.killAt('written', SEND);
    const post = lost(victim.enrich({ alertIds }, '?mode=async'));
    await killed;
    expect(await post).toBe('ECONNRESET');
    await eventually(() => asked().length > 0 || undefined); // without anybody's post
    const path = pathOf(await insist(() => other.enrich({ alertIds }, '?mode=async')));
    expectFound(await answerOf(other.ask, path), alertIds);
    expect(asked().sort()).toEqual([...alertIds].sort());
  });

  test('kill -9 of a worker in mid-lookup → when its lease is over another one goes on, and only the call in flight is repeated', async () => {
    fleet = await startFleet({});
    const [victim] = await fleet.launch({});
    const alertIds = freshAlertIds(5);
    const stuck = alertIds[2] ?? '';
    const reached = new Promise<void>((resolve) => {
      fleet.defender.intercept = ({ url = '' }) => {
        if (!url.includes(stuck)) return false;
        resolve();
        return true;
      };
    });
    const kept = victim.storage.passed('written', /^PUT .*\/answers\//, 2);
    const path = pathOf(await insist(() => victim.enrich({ alertIds }, '?mode=async')));
    await Promise.all([reached, kept]);
    await eventually(async () => {
      const { json } = await insist(() => victim.ask(`${path}&partial=true`));
      const found = json.enrichment.alerts.filter(({ status }: { status: string }) => status === 'found');
      return found.length === 4 || undefined;
    });
    await victim.kill();
    fleet.defender.intercept = undefined;
    const [other] = await fleet.launch({});
    expect((await insist(() => other.ask(path))).status).toBe(202);
    await fleet.passLease();
    expectFound(await answerOf(other.ask, path), alertIds);
    expect(asked().sort()).toEqual([...alertIds, stuck].sort());
  });

  test('kill -9 of a worker before it acknowledges the message → the answer is there, and the message’s next delivery does nothing', async () => {
    fleet = await startFleet({});
    const [victim] = await fleet.launch({});
    const alertIds = freshAlertIds(2);
    const killed = victim.killAt('asked', ACKNOWLEDGE);
    const path = pathOf(await insist(() => victim.enrich({ alertIds }, '?mode=async')));
    await killed;
    const [other] = await fleet.launch({});
    const answer = await insist(() => other.ask(path));
    expectFound(answer, alertIds);
    const dropped = other.storage.passed('answered', ACKNOWLEDGE);
    await fleet.passLease();
    await dropped;
    expect((await insist(() => other.ask(path))).text).toBe(answer.text);
    expect(asked().sort()).toEqual([...alertIds].sort());
  });
});

describe('appTerminate', () => {
  test('appTerminate with a job in work → its calls in flight are kept, and another process goes on at once', async () => {
    fleet = await startFleet({
      defender: { latencyMs: { min: 1_500, max: 1_500 } },
      settings: { QUOTA_PER_MINUTE: '60' },
    });
    const [first] = await fleet.launch({});
    const alertIds = freshAlertIds(40);
    // More calls than are made at once: some wait for a permit.
    const path = pathOf(await insist(() => first.enrich({ alertIds }, '?mode=async')));
    await eventually(() => asked().length >= 10 || undefined);
    first.terminate();
    await first.written;
    const [other] = await fleet.launch({});
    expectFound(await answerOf(other.ask, path), alertIds);
    expect(asked().sort()).toEqual([...alertIds].sort());
  });
});
