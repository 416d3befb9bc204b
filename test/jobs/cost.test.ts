import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { StartedJob } from '../../shared/jobs/start.js';
import { randomFrom } from '../support/random.js';
import { type JobsFixture, openJobsFixture, post } from './jobs-fixture.js';

let fixture: JobsFixture;
beforeEach(() => {
  fixture = openJobsFixture();
});
afterEach(() => fixture.close());

/** A storage of 15 ms, and an upstream that answers 1,000 alerts a second, one after the other. */
function openWithoutQuota(seed: number): JobsFixture {
  const random = randomFrom(seed);
  const opened = openJobsFixture({ random, latencyMs: () => 10 + 10 * random(), hasQuota: false });
  opened.onCall = (alertId) => opened.clock.sleep(Number(alertId.split('_').at(-1)));
  return opened;
}

const requests = () => Object.values(fixture.store.operations).reduce((sum, count) => sum + count, 0);

async function end({ id, token }: StartedJob) {
  return fixture.clock.eventually(async () => {
    // Asked on the quiet: what this test costs is not what the job costs.
    const blob = fixture.store.blobs.get(fixture.places.state(id));
    if (!blob?.text.includes('"end":{')) return undefined;
    const asked = await fixture.clock.until(fixture.jobs().ask(id, token));
    return asked.kind === 'answered' ? JSON.parse(asked.answer.body) : undefined;
  }, 1_000);
}

describe('the storage requests of a job, from its post to its answer', () => {
  async function cost(alerts: number): Promise<number> {
    fixture = openWithoutQuota(alerts);
    const before = requests();
    fixture.startWorker();
    const { status } = await end(await fixture.clock.until(fixture.jobs().start(post(alerts))));
    expect(status).toBe('complete');
    expect(fixture.calls).toHaveLength(alerts);
    await fixture.close();
    return requests() - before;
  }

  test('grow far slower than its alerts', async () => {
    const costs = { small: await cost(100), medium: await cost(1_000), large: await cost(10_000) };

    expect(costs.small).toBeLessThan(40);
    expect(costs.medium).toBeLessThan(60);
    expect(costs.large).toBeLessThan(200);
  });
});

describe('asking for what there is so far', () => {
  const partial = async ({ id, token }: StartedJob, jobs = fixture.jobs()) => {
    const asked = await fixture.clock.until(jobs.ask(id, token));
    if (asked.kind !== 'running') throw new Error(asked.kind);
    return fixture.clock.until(jobs.partial(asked.job, 5));
  };

  /** A job of which 2,000 alerts are answered, and one is never. */
  async function startLarge(): Promise<StartedJob> {
    fixture = openWithoutQuota(1);
    fixture.onCall = (alertId) => (alertId.endsWith('_2001') ? fixture.clock.sleep(3_600_000) : undefined);
    const job = await fixture.clock.until(fixture.jobs().start(post(2_001)));
    fixture.startWorker();
    await fixture.clock.pass(30_000);
    return job;
  }

  test('again and again reads the answers once in a while, and not for each alert', async () => {
    const job = await startLarge();
    const jobs = fixture.jobs();
    const before = fixture.store.operations.read;
    const soFar = await partial(job, jobs);
    expect(soFar.enrichment.alerts.filter(({ status }) => status === 'found')).toHaveLength(2_000);
    const first = fixture.store.operations.read - before;
    expect(first).toBeLessThan(100);
    for (let polls = 0; polls < 10; polls++) await partial(job, jobs);
    // Of each the state: it has to be known who asks, and whether the job still runs.
    expect(fixture.store.operations.read - before - first).toBeLessThanOrEqual(15);
  });

  test('is not older than some seconds', async () => {
    const job = await fixture.clock.until(fixture.jobs().start(post(200)));
    const jobs = fixture.jobs();
    const found = async () =>
      (await partial(job, jobs)).enrichment.alerts.filter(({ status }) => status === 'found').length;
    expect(await found()).toBe(0);
    fixture.startWorker();
    await fixture.clock.pass(6_000);
    expect(await found()).toBe(80);
  });

  test('after it failed, it is tried anew at once', async () => {
    const job = await fixture.clock.until(fixture.jobs().start(post(3)));
    const jobs = fixture.jobs();
    fixture.store.fault = (_operation, name) => (name.endsWith('payload.json') ? 'before' : undefined);
    await expect(partial(job, jobs)).rejects.toMatchObject({ kind: 'storage-unavailable' });
    fixture.store.fault = () => undefined;
    expect((await partial(job, jobs)).enrichment.alerts).toHaveLength(3);
  });
});
