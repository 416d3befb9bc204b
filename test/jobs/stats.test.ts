import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Enrichment } from '../../shared/enrichment/result.js';
import type { StartedJob } from '../../shared/jobs/start.js';
import { away, forbidden, type JobsFixture, openJobsFixture, post } from './jobs-fixture.js';

let fixture: JobsFixture;
beforeEach(() => {
  fixture = openJobsFixture();
  fixture.upstream = (alertId) => ({ status: 'found', ips: [addressOf(alertId), '10.0.0.1'], unusable: [] });
});
afterEach(() => fixture.close());

/** A public address of each alert's own. */
function addressOf(alertId: string): string {
  const n = Number(alertId.split('_').at(-1));
  return `9.9.${n >> 8}.${n & 255}`;
}

const ORDER = { id: 'f'.repeat(32), destination: 'siem' };
const wanting = (count: number) => ({ ...post(count), query: 'stats=true' });

const start = (request: ReturnType<typeof wanting>) => fixture.clock.until(fixture.jobs().start(request));

const ask = async ({ id, token }: StartedJob) => fixture.clock.until(fixture.jobs().ask(id, token));

async function end(job: StartedJob): Promise<Enrichment & { seconds: number }> {
  const beganMs = fixture.clock.monotonicMs();
  const enrichment = await fixture.clock.eventually(async () => {
    const asked = await ask(job);
    return asked.kind === 'answered' ? JSON.parse(asked.answer.body) : undefined;
  }, 1_000);
  return { ...enrichment, seconds: (fixture.clock.monotonicMs() - beganMs) / 1000 };
}

const publicOnes = ({ ips }: Enrichment) => ips.filter(({ scope }) => scope === 'public');

describe('a job that wants statistics', () => {
  test('ends when they are there, however many windows of the quota that takes, each address asked once', async () => {
    fixture.startWorker();
    const job = await start(wanting(60));
    const enrichment = await end(job);
    expect(enrichment.stats).toEqual({ status: 'complete' });
    expect(publicOnes(enrichment)).toHaveLength(60);
    expect(publicOnes(enrichment).every(({ stats }) => stats?.organizationPrevalence === 7)).toBe(true);
    expect(fixture.calls).toHaveLength(60);
    expect([...fixture.statsCalls].sort()).toEqual(post(60).alertIds.map(addressOf).sort());
    // 80 calls a minute: 60 alerts and 20 addresses, then 40 addresses.
    expect(enrichment.seconds).toBeGreaterThan(60);
    expect(enrichment.seconds).toBeLessThan(70);
    expect(fixture.queue.messages.size).toBe(0);
  });

  test('says meanwhile that it runs, with every alert done, and when to ask again', async () => {
    fixture.startWorker();
    const job = await start(wanting(60));
    await fixture.clock.pass(20_000);
    const asked = await ask(job);
    expect(asked).toMatchObject({ kind: 'running', view: { done: 60, total: 60 } });
    if (asked.kind !== 'running') throw new Error(asked.kind);
    expect(asked.view.retryAfterSeconds).toBeGreaterThan(35);
    expect(asked.view.retryAfterSeconds).toBeLessThan(50);
  });

  test('forwards what it has when the statistics are there, and not before', async () => {
    fixture.startWorker();
    const job = await start({ ...wanting(60), forward: ORDER } as never);
    await fixture.clock.pass(20_000);
    expect(fixture.forwarded.size).toBe(0);
    await end(job);
    expect(fixture.forwarded.get(ORDER.id)?.enrichment.stats).toEqual({ status: 'complete' });
  });

  test('asks nobody about an address again for which waiting does not help, and says why it has none', async () => {
    fixture.stats = (address) =>
      address === '9.9.0.2' ? forbidden() : { organizationPrevalence: 7, firstSeen: null, lastSeen: null };
    fixture.startWorker();
    const enrichment = await end(await start(wanting(60)));
    expect(enrichment.stats).toEqual({ status: 'partial', reason: 'It is forbidden.' });
    expect(publicOnes(enrichment).filter(({ stats }) => !stats)).toMatchObject([{ address: '9.9.0.2' }]);
    expect(fixture.statsCalls).toHaveLength(60);
  });

  test('waits for half an hour for an upstream that answers nothing of them, and ends with the alerts', async () => {
    fixture.stats = () => away(fixture.clock.monotonicMs() + 1_000);
    fixture.startWorker();
    const enrichment = await end(await start(wanting(3)));
    expect(enrichment.status).toBe('complete');
    expect(enrichment.stats?.status).toBe('partial');
    expect(enrichment.seconds).toBeGreaterThan(1_800);
    expect(enrichment.seconds).toBeLessThan(2_000);
  });

  test('has those of the alerts that were answered, also when others were given up', async () => {
    fixture.upstream = (alertId) =>
      alertId.endsWith('_1')
        ? away(0)
        : { status: 'found', ips: [addressOf(alertId), '10.0.0.1'], unusable: [] };
    const attempts = () => fixture.calls.filter((alertId) => alertId.endsWith('_1')).length;
    let atFirst: number | undefined;
    fixture.stats = () => {
      atFirst ??= attempts();
      return { organizationPrevalence: 7, firstSeen: null, lastSeen: null };
    };
    fixture.startWorker();
    const enrichment = await end(await start(wanting(90)));
    expect(enrichment.status).toBe('partial');
    expect(enrichment.alerts[0]).toMatchObject({ status: 'failed', error: { detail: 'It is away.' } });
    expect(enrichment.stats).toEqual({ status: 'complete' });
    expect(attempts()).toBe(atFirst);
  });

  test('loses none of them when its worker dies in the middle', async () => {
    const host = fixture.startHost();
    const job = await start(wanting(60));
    await fixture.clock.eventually(async () => (fixture.statsCalls.length === 20 ? true : undefined), 10);
    await fixture.clock.pass(1_000);
    host.kill();
    const enrichment = await end(job);
    expect(enrichment.stats).toEqual({ status: 'complete' });
    expect(fixture.statsCalls).toHaveLength(60);
    expect(fixture.calls).toHaveLength(60);
  });

  test('of which the statistics kept are damaged asks again for them', async () => {
    fixture.startWorker();
    const job = await start(wanting(60));
    await fixture.clock.pass(20_000);
    for (const [name, blob] of fixture.store.blobs) {
      if (name.startsWith(fixture.places.stats(job.id)))
        fixture.store.blobs.set(name, { ...blob, text: '{}' });
    }
    expect((await end(job)).stats).toEqual({ status: 'complete' });
  });

  test('and has no public address asks nothing', async () => {
    fixture.upstream = () => ({ status: 'found', ips: ['10.0.0.1'], unusable: [] });
    fixture.startWorker();
    expect((await end(await start(wanting(3)))).stats).toEqual({ status: 'complete' });
    expect(fixture.statsCalls).toEqual([]);
  });
});
