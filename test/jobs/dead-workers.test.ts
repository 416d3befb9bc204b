import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EnrichmentError, StorageError } from '../../shared/base/errors.js';
import { InFlight } from '../../shared/jobs/in-flight.js';
import type { JobRequest, StartedJob } from '../../shared/jobs/start.js';
import { type JobsFixture, openJobsFixture, post } from './jobs-fixture.js';

const ORDER = { id: 'f'.repeat(32), destination: 'siem' };

let fixture: JobsFixture;
beforeEach(() => {
  fixture = openJobsFixture();
});
afterEach(() => fixture.close());

const start = (request: JobRequest = post(3)) => fixture.clock.until(fixture.jobs().start(request));

/** Lets time pass until the job has ended; after how many seconds, and how. */
async function end({ id, token }: StartedJob) {
  const beganMs = fixture.clock.monotonicMs();
  const came = await fixture.clock.eventually(async () => {
    try {
      const asked = await fixture.clock.until(fixture.jobs().ask(id, token));
      return asked.kind === 'answered' ? JSON.parse(asked.answer.body) : undefined;
    } catch (error) {
      if (error instanceof StorageError) return undefined;
      if (error instanceof EnrichmentError && error.kind === 'job-failed') return { status: 'job-failed' };
      throw error;
    }
  }, 500);
  return { seconds: (fixture.clock.monotonicMs() - beganMs) / 1000, ...came };
}

describe('a worker that dies while its host lives on', () => {
  test.each([50, 1_000, 7_999, 8_001, 19_000])(
    'after %d ms of a slice: another one goes on within 40 s, and only the calls in flight are made again',
    async (ms) => {
      let isHeld = true;
      fixture.onCall = (alertId) => (isHeld && alertId.endsWith('_3') ? new Promise(() => {}) : undefined);
      const job = await start(post(5));
      const host = fixture.startHost();
      await fixture.clock.eventually(async () => (fixture.calls.length === 5 ? true : undefined), 10);
      await fixture.clock.pass(ms);
      isHeld = false;
      host.kill();
      const { seconds, status } = await end(job);
      expect(status).toBe('complete');
      expect(seconds).toBeLessThanOrEqual(40);
      const repeated = fixture.calls.filter((alertId, at) => fixture.calls.indexOf(alertId) !== at);
      expect(repeated.every((alertId) => ms < 1_000 || alertId.endsWith('_3'))).toBe(true);
    },
  );

  test('a slice that takes longer than its lease keeps it: a second delivery of its message does nothing', async () => {
    const { store } = fixture;
    const list = store.list.bind(store);
    store.list = async (prefix, after) => {
      if (prefix === fixture.places.running) await fixture.clock.sleep(70_000);
      return list(prefix, after);
    };
    const job = await start();
    const first = fixture.startWorker();
    await fixture.clock.pass(40_000);
    const [message] = fixture.messages();
    void first.stop();
    fixture.startWorker();
    fixture.queue.put(Buffer.from(JSON.stringify(message)).toString('base64'));
    expect((await end(job)).status).toBe('complete');
    expect(fixture.calls).toHaveLength(3);
  });
});

describe('a payload of which the worker dies', () => {
  const isDeadly = (alertId: string | undefined) => alertId?.startsWith('da666') ?? false;
  const deadly = () => ({ ...post(2, 'da666666666666666666_'), forward: ORDER });

  test('does not take its neighbours along more than once, and ends as failed, what was promised as a dead letter', async () => {
    const host = fixture.startHost();
    const deaths: number[] = [];
    const ends: string[] = [];
    fixture.onRender = ({ enrichment }) => {
      if (!isDeadly(enrichment.alerts[0]?.alertId)) return;
      deaths.push(fixture.clock.monotonicMs());
      host.kill();
      throw new Error('it is dead');
    };
    // Neighbours that are in the middle of their work whenever it dies, for some minutes.
    fixture.onCall = (alertId) => (isDeadly(alertId) ? undefined : fixture.clock.sleep(9_000));
    const neighbours: StartedJob[] = [];
    for (let n = 0; n < 6; n++) neighbours.push(await start(post(12, `da${n}11111111111111111_`)));
    const killer = await start(deadly());
    ends.push((await end(killer)).status);
    for (const one of neighbours) expect((await end(one)).status).toBe('complete');
    expect(ends).toEqual(['job-failed']);
    expect(deaths).toHaveLength(2);
    expect([...fixture.deadLetters]).toEqual([[ORDER.id, deadly().text]]);
    // A call that was in flight at a death is made again: of each neighbour's alert there are two calls at most.
    const counts = new Map<string, number>();
    for (const alertId of fixture.calls) counts.set(alertId, (counts.get(alertId) ?? 0) + 1);
    const ofNeighbours = [...counts].filter(([alertId]) => !isDeadly(alertId));
    expect(Math.max(...ofNeighbours.map(([, count]) => count))).toBeLessThanOrEqual(2);
  });

  test('once, for another reason: the job is done', async () => {
    const host = fixture.startHost();
    let isFirst = true;
    fixture.onRender = () => {
      if (!isFirst) return;
      isFirst = false;
      host.kill();
      throw new Error('it is dead');
    };
    expect((await end(await start({ ...post(3), forward: ORDER }))).status).toBe('complete');
    expect(fixture.forwarded.size).toBe(1);
  });

  test('a storage that is away each time that the answer is made is no death', async () => {
    fixture.startHost();
    let fails = 6;
    let awayUntilMs = 0;
    fixture.store.fault = (operation, name) => {
      const nowMs = fixture.clock.monotonicMs();
      // Away for a moment, so that not even the lease can be given back.
      if (operation === 'write' && name.endsWith('/result') && fails-- > 0) awayUntilMs = nowMs + 1_000;
      return nowMs < awayUntilMs ? 'before' : undefined;
    };
    expect((await end(await start())).status).toBe('complete');
    expect(fixture.calls).toHaveLength(3);
  });
});

describe('a job that may have killed a worker', () => {
  const message = { id: 'a'.repeat(32), generation: 0 };

  test('waits until no other is worked on, and others wait for it, also those that come later', async () => {
    const { clock, queue } = fixture;
    const inFlight = new InFlight(clock, queue);
    const order: string[] = [];
    const enter = async (name: string, isAlone: boolean) => {
      const admission = await inFlight.admit(message, isAlone);
      if (admission.kind !== 'go') throw new Error(admission.kind);
      order.push(`${name} begins`);
      await clock.sleep(1_000);
      order.push(`${name} ends`);
      admission.leave();
    };
    const all = [enter('one', false), enter('two', false), enter('suspect', true), enter('three', false)];
    await clock.pass(1_500);
    all.push(enter('four', false), enter('other suspect', true));
    await clock.until(Promise.all(all));
    expect(order.slice(0, 6)).toEqual([
      'one begins',
      'two begins',
      'one ends',
      'two ends',
      'suspect begins',
      'suspect ends',
    ]);
    const begins = order.indexOf('other suspect begins');
    expect(order[begins + 1]).toBe('other suspect ends');
    expect(order).toHaveLength(12);
  });
});

describe('a process that is told to end', () => {
  test('hands its jobs over: what was in flight is kept, and another instance goes on within 30 s', async () => {
    fixture.onCall = () => fixture.clock.sleep(1_500);
    const job = await start(post(40));
    const host = fixture.startHost();
    await fixture.clock.eventually(async () => (fixture.calls.length >= 10 ? true : undefined), 10);
    fixture.quota.stop();
    const beganMs = fixture.clock.monotonicMs();
    const unfinished = await fixture.clock.until(host.jobs().stop(4_000));
    expect(fixture.clock.monotonicMs() - beganMs).toBeLessThanOrEqual(4_000);
    expect(unfinished).toEqual([]);
    host.end();
    fixture.startWorker();
    const { seconds, status } = await end(job);
    expect(status).toBe('complete');
    expect(seconds).toBeLessThanOrEqual(30);
    expect(fixture.calls).toHaveLength(40);
  });

  test.each([100, 4_100, 7_000])(
    'and is cut off %d ms after it began something: another instance goes on within 30 s all the same',
    async (ms) => {
      const { store } = fixture;
      const list = store.list.bind(store);
      store.list = () => new Promise(() => {});
      const job = await start(post(3));
      const host = fixture.startHost();
      await fixture.clock.pass(ms);
      fixture.quota.stop();
      const beganMs = fixture.clock.monotonicMs();
      const unfinished = await fixture.clock.until(host.jobs().stop(4_000));
      expect(unfinished).toEqual([job.id]);
      host.end();
      store.list = list;
      fixture.startWorker();
      expect((await end(job)).status).toBe('complete');
      expect(fixture.clock.monotonicMs() - beganMs).toBeLessThanOrEqual(30_000);
    },
  );

  test('takes up nothing more', async () => {
    const worker = fixture.jobs();
    await fixture.clock.until(worker.stop(4_000));
    const job = await start();
    fixture.startWorker(worker);
    await fixture.clock.pass(5_000);
    expect(fixture.calls).toEqual([]);
    await fixture.close();
    fixture.startWorker();
    expect((await end(job)).status).toBe('complete');
  });
});
