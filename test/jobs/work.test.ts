import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CodeNotLoadedError, RequestError, StorageError } from '../../shared/base/errors.js';
import type { StartedJob } from '../../shared/jobs/start.js';
import { digestOf } from '../../shared/jobs/token.js';
import { LEASE_MS } from '../../shared/jobs/transitions.js';
import { randomFrom } from '../support/random.js';
import { away, forbidden, type JobsFixture, openJobsFixture, post, throttled } from './jobs-fixture.js';

const HOUR = 3_600_000;

let fixture: JobsFixture;
beforeEach(() => {
  fixture = openJobsFixture();
});
afterEach(() => fixture.close());

const start = (request = post(3)) => fixture.clock.until(fixture.jobs().start(request));

async function ask({ id, token }: StartedJob) {
  const asked = await fixture.clock.until(fixture.jobs().ask(id, token));
  return asked.kind === 'answered' ? JSON.parse(asked.answer.body) : asked.view;
}

/** Lets time pass until the job has ended; says after how many seconds, and how. */
async function end(job: StartedJob) {
  const beganMs = fixture.clock.monotonicMs();
  const enrichment = await fixture.clock.eventually(async () => {
    const answer = await ask(job);
    return answer.kind === 'running' ? undefined : answer;
  }, 1_000);
  return { seconds: (fixture.clock.monotonicMs() - beganMs) / 1000, enrichment };
}

const asked = () => [...fixture.calls].sort();

describe('a job', () => {
  test('ends after as many windows as it needs, each alert asked once, waits being new messages', async () => {
    const request = post(200);
    const job = await start(request);
    fixture.startWorker();
    const { seconds, enrichment } = await end(job);
    expect(enrichment.status).toBe('complete');
    expect(enrichment.alerts).toHaveLength(200);
    expect(asked()).toEqual([...request.alertIds].sort());
    // 80 a minute: 80 at once, 80 after 62 s, 40 after another 62 s.
    expect(seconds).toBeGreaterThanOrEqual(124);
    expect(seconds).toBeLessThan(130);
    expect(fixture.errors).toEqual([]);
    expect(fixture.queue.messages.size).toBe(0);
    expect(await fixture.clock.until(fixture.store.list(fixture.places.running))).toMatchObject({
      blobs: [],
    });
  });

  test('tells how far it is and when it is worth asking again', async () => {
    const job = await start(post(200));
    expect(job.view).toMatchObject({ done: 0, total: 200 });
    expect(job.view.retryAfterSeconds).toBeGreaterThanOrEqual(124);
    fixture.startWorker();
    await fixture.clock.pass(10_000);
    const view = await ask(job);
    expect(view).toMatchObject({ done: 80, total: 200 });
    expect(view.retryAfterSeconds).toBeGreaterThan(110);
    expect(view.retryAfterSeconds).toBeLessThan(120);
  });

  test('of which nothing is done yet has a partial answer, not a failed one', async () => {
    const { id, token } = await start();
    const asked = await fixture.clock.until(fixture.jobs().ask(id, token));
    if (asked.kind !== 'running') throw new Error(asked.kind);
    const soFar = await fixture.clock.until(fixture.jobs().partial(asked.job, 5));
    expect(soFar.enrichment).toMatchObject({ status: 'partial', alerts: [{ retryAfterSeconds: 5 }, {}, {}] });
  });

  test('does not make a small one wait behind it, nor two large ones behind each other', async () => {
    const large = await start(post(800));
    fixture.startWorker();
    await fixture.clock.pass(5_000);
    const small = await start(post(3, 'da111111111111111111_'));
    const other = await start(post(800, 'da222222222222222222_'));
    expect((await end(small)).seconds).toBeLessThan(65);
    await fixture.clock.pass(300_000);
    const done = [(await ask(large)).done, (await ask(other)).done];
    expect(Math.min(...done)).toBeGreaterThan(130);
    expect(done[0] - done[1]).toBeLessThan(170); // the 80 that the first was alone for, and a round
  });

  test('gives an alert up for good where waiting does not help, and goes on with the others', async () => {
    fixture.upstream = (alertId) =>
      alertId.endsWith('_2') ? forbidden() : { status: 'empty', ips: [], unusable: [] };
    const job = await start();
    fixture.startWorker();
    const { enrichment } = await end(job);
    expect(enrichment.status).toBe('partial');
    expect(enrichment.alerts[1]).toMatchObject({ status: 'failed', error: { detail: 'It is forbidden.' } });
    expect(fixture.calls).toHaveLength(3);
  });

  test('waits for an upstream that is away for minutes, and ends with what there is after half an hour', async () => {
    let isAway = true;
    fixture.upstream = () => (isAway ? away(0) : { status: 'empty', ips: [], unusable: [] });
    fixture.startWorker();
    const patient = await start();
    await fixture.clock.pass(300_000);
    isAway = false;
    expect((await end(patient)).enrichment.status).toBe('complete');
    isAway = true;
    const hopeless = await start(post(2, 'da333333333333333333_'));
    fixture.upstream = () => away(fixture.clock.monotonicMs() + 4_000);
    const { seconds, enrichment } = await end(hopeless);
    expect(enrichment).toMatchObject({
      status: 'failed',
      alerts: [{ error: { detail: 'It is away.' }, retryAfterSeconds: 4 }, { retryAfterSeconds: 4 }],
    });
    expect(seconds).toBeGreaterThan(1_800);
    expect(seconds).toBeLessThan(2_000);
  });

  test('waits out an hour that the upstream asks for', async () => {
    fixture.upstream = (_id, call) =>
      call === 1 ? throttled(fixture.clock.monotonicMs() + HOUR) : { status: 'empty', ips: [], unusable: [] };
    fixture.startWorker();
    const { enrichment, seconds } = await end(await start(post(1)));
    expect(enrichment.status).toBe('complete');
    expect(seconds).toBeGreaterThanOrEqual(3_600);
    expect(seconds).toBeLessThan(3_605);
  });

  test('tells operators of a lookup that fails by a fault of ours, and goes on with the others', async () => {
    fixture.upstream = (alertId) => {
      if (alertId.endsWith('_2')) throw new TypeError('with a secret');
      return { status: 'empty', ips: [], unusable: [] };
    };
    const job = await start();
    fixture.startWorker();
    const { enrichment } = await end(job);
    expect(enrichment.alerts.map(({ status }: { status: string }) => status)).toEqual([
      'empty',
      'failed',
      'empty',
    ]);
    expect(fixture.reports).toEqual([
      { event: 'lookup-fault', detail: expect.stringMatching(/_2 .*"TypeError".*work\.test/) },
    ]);
    expect(JSON.stringify([fixture.reports, enrichment])).not.toContain('secret');
  });

  test('that another version of the app began gives each alert its own answer, in whatever order that found them', async () => {
    const request = post(3);
    const own: Record<string, string> = { _1: '192.0.2.1', _2: '192.0.2.2' };
    fixture.upstream = (alertId) => ({ status: 'found', ips: [own[alertId.slice(-2)] ?? ''], unusable: [] });
    const job = await start({ ...request, alertIds: request.alertIds.slice(0, 2).reverse() });
    fixture.startWorker();
    const { enrichment } = await end(job);
    expect(enrichment.status).toBe('partial');
    expect(enrichment.alerts).toMatchObject([
      { ips: ['192.0.2.1'] },
      { ips: ['192.0.2.2'] },
      { status: 'failed', error: { type: 'urn:problem:alert-ip-enrichment:job-failed' } },
    ]);
    expect(enrichment.alerts[2]).not.toHaveProperty('retryAfterSeconds');
  });

  test('whose message is delivered twice does its work once', async () => {
    await start();
    for (const message of fixture.messages())
      fixture.queue.put(Buffer.from(JSON.stringify(message)).toString('base64'));
    fixture.startWorker();
    fixture.startWorker();
    await fixture.clock.pass(2 * LEASE_MS);
    expect(fixture.calls).toHaveLength(3);
    expect(fixture.queue.messages.size).toBe(0);
  });

  test('that fails again and again by a fault of ours is ended, and says so', async () => {
    const job = await start();
    const broken = fixture.jobs();
    const read = fixture.store.read.bind(fixture.store);
    fixture.store.read = async (name) => {
      if (name.endsWith('alerts.json')) throw new TypeError('a fault of ours');
      return read(name);
    };
    fixture.startWorker(broken);
    await fixture.clock.pass(200_000);
    await expect(ask(job)).rejects.toMatchObject({ kind: 'job-failed', status: 500 });
    expect(fixture.errors).toHaveLength(5);
    expect(fixture.calls).toEqual([]);
    expect(fixture.reports).toEqual([{ event: 'job-failed', detail: expect.stringContaining(job.id) }]);
  });
});

describe('what a job leaves in the storage account', () => {
  test('opens it for nobody: no token is in any blob or message, at any time', async () => {
    const tokens: string[] = [];
    const texts: string[] = [];
    const write = fixture.store.write.bind(fixture.store);
    fixture.store.write = (name, text, condition) => {
      texts.push(name, text);
      return write(name, text, condition);
    };
    const first = await start();
    const joined = await start();
    tokens.push(first.token, joined.token);
    texts.push(
      ...[...fixture.queue.messages.values()].map(({ text }) => Buffer.from(text, 'base64').toString()),
    );
    fixture.startWorker();
    await end(first);
    expect(texts.length).toBeGreaterThan(20);
    for (const token of tokens) expect(texts.join('\n')).not.toContain(token);
    await expect(ask({ ...first, token: digestOf(first.token) })).rejects.toMatchObject({
      kind: 'job-unknown',
    });
  });

  test('is its result before it has ended: whoever sees the end finds the result', async () => {
    const write = fixture.store.write.bind(fixture.store);
    const found: boolean[] = [];
    fixture.store.write = (name, text, condition) => {
      const id = fixture.places.idIn(name);
      if (text.includes('"kind":"answered"')) found.push(fixture.store.blobs.has(fixture.places.result(id)));
      return write(name, text, condition);
    };
    const job = await start();
    fixture.startWorker();
    await end(job);
    expect(found).toEqual([true]);
  });

  test('is no mark that a job runs, also when its worker died after the end; and shares are whole again', async () => {
    const job = await start();
    let isCut = true;
    fixture.store.fault = (operation, name) =>
      isCut && operation === 'delete' && name.includes('/running/') ? 'before' : undefined;
    fixture.startWorker();
    expect((await end(job)).enrichment.status).toBe('complete');
    isCut = false;
    await fixture.clock.pass(60_000);
    const { blobs } = await fixture.clock.until(fixture.store.list(fixture.places.running));
    expect(blobs).toEqual([]);
    expect(fixture.reports).toEqual([]);
  });
});

describe('a job whose result is to be forwarded', () => {
  const order = { id: 'f'.repeat(32), destination: 'siem' };
  const forwarded = () => ({ ...post(3), forward: order });

  test('forwards it once, before it has ended, and says so in its answer', async () => {
    const job = await start(forwarded());
    fixture.startWorker();
    const { enrichment } = await end(job);
    expect(enrichment.delivery).toEqual({ ...order, status: 'queued' });
    expect([...fixture.forwarded.keys()]).toEqual([order.id]);
    expect(fixture.forwarded.get(order.id)?.enrichment.status).toBe('complete');
  });

  test('forwards what there is when it ends as failed: the answers so far, and the reason', async () => {
    fixture.upstream = (_id, call) => (call === 1 ? { status: 'empty', ips: [], unusable: [] } : away(HOUR));
    const job = await start(forwarded());
    fixture.startWorker();
    await fixture.clock.pass(3_000);
    const list = fixture.store.list.bind(fixture.store);
    fixture.store.list = async (prefix, after) => {
      if (prefix === fixture.places.running) throw new TypeError('a fault of ours');
      return list(prefix, after);
    };
    await fixture.clock.pass(2 * HOUR);
    await expect(ask(job)).rejects.toMatchObject({
      kind: 'job-failed',
      message: expect.stringContaining(order.id),
    });
    const { enrichment } = fixture.forwarded.get(order.id) ?? {};
    expect(enrichment?.status).toBe('partial');
    expect(enrichment?.alerts.map(({ error }) => error?.type)).toEqual([
      undefined,
      ...Array(2).fill('urn:problem:alert-ip-enrichment:job-failed'),
    ]);
    fixture.forwarded.clear();
    expect(fixture.reports).toHaveLength(1);
    await fixture.clock.until(fixture.jobs().giveUp({ id: job.id, generation: 1 }));
    expect(fixture.forwarded.size).toBe(0);
  });

  test('forwards every alert as failed when nobody knows any more which alerts it had', async () => {
    const job = await start(forwarded());
    fixture.store.blobs.delete(fixture.places.alerts(job.id));
    fixture.startWorker();
    await fixture.clock.pass(5_000);
    await expect(ask(job)).rejects.toMatchObject({ kind: 'job-failed' });
    const { enrichment } = fixture.forwarded.get(order.id) ?? {};
    expect(enrichment?.alerts.map(({ status }) => status)).toEqual(Array(3).fill('failed'));
  });

  test('makes a dead letter of the posted alerts when not even those can be put into a form', async () => {
    const job = await start(forwarded());
    fixture.onForward = () => {
      throw new TypeError('a fault of ours');
    };
    fixture.startWorker();
    await fixture.clock.pass(400_000);
    await expect(ask(job)).rejects.toMatchObject({ kind: 'job-failed' });
    expect([...fixture.deadLetters]).toEqual([[order.id, forwarded().text]]);
  });

  test('is no dead letter when it is only the answer that cannot be made: no worker has died of it', async () => {
    const job = await start(forwarded());
    fixture.onRender = () => {
      throw new TypeError('a fault of ours');
    };
    fixture.startWorker();
    await fixture.clock.pass(400_000);
    await expect(ask(job)).rejects.toMatchObject({ kind: 'job-failed' });
    expect([...fixture.forwarded.keys()]).toEqual([order.id]);
    expect(fixture.deadLetters.size).toBe(0);
  });

  test('says so when the posted alerts are gone: a dead letter without a body, and never nothing', async () => {
    const job = await start(forwarded());
    fixture.store.blobs.delete(fixture.places.payload(job.id));
    fixture.startWorker();
    await fixture.clock.pass(5_000);
    await expect(ask(job)).rejects.toMatchObject({ kind: 'job-failed' });
    expect([...fixture.deadLetters]).toEqual([[order.id, undefined]]);
    expect(fixture.reports).toMatchObject([{ event: 'job-failed' }]);
  });

  test('keeps its reservation, and not that it was a new one: by its end, that is long ago', async () => {
    await start({ ...forwarded(), forward: { ...order, reservedAtMs: 1 } } as never);
    const [state] = [...fixture.store.blobs].filter(([name]) => name.startsWith(fixture.places.states));
    expect(JSON.parse(state?.[1].text ?? '').forward).toEqual(order);
  });

  test('waits for code that cannot be loaded', async () => {
    let fails = 8;
    fixture.onForward = () => {
      if (fails-- > 0) throw new CodeNotLoadedError('sends to destinations', new Error('x'));
    };
    const job = await start(forwarded());
    fixture.startWorker();
    expect((await end(job)).enrichment.status).toBe('complete');
    expect([...fixture.forwarded.keys()]).toEqual([order.id]);
    expect(fixture.deadLetters.size).toBe(0);
    expect(fixture.calls).toHaveLength(3);
  });

  test('waits for a storage that cannot take the delivery', async () => {
    let isDown = true;
    fixture.onForward = () => {
      if (isDown) throw new StorageError('It is down.');
    };
    const job = await start(forwarded());
    fixture.startWorker();
    await fixture.clock.pass(300_000);
    expect(await ask(job)).toMatchObject({ kind: 'running' });
    isDown = false;
    expect((await end(job)).enrichment.status).toBe('complete');
    expect(fixture.forwarded.size).toBe(1);
    expect(fixture.calls).toHaveLength(3);
  });
});

describe('a job whose answer cannot be made', () => {
  const order = { id: 'f'.repeat(32), destination: 'siem' };
  const tooLarge = () => {
    throw new RequestError(
      'answer-too-large',
      'It would be too large. Post fewer alerts, or ask for format=ips.',
    );
  };

  test('such as one that would be too large: it ends with the problem that says how to ask for less', async () => {
    fixture.onRender = tooLarge;
    const job = await start({ ...post(3), forward: order } as never);
    fixture.startWorker();
    await fixture.clock.pass(5_000);
    for (let polls = 0; polls < 2; polls++) {
      await expect(ask(job)).rejects.toMatchObject({
        kind: 'answer-too-large',
        message: expect.stringContaining('format=ips'),
      });
    }
    // The receiver's form is another one, and what it took is not made a dead letter.
    expect([...fixture.forwarded.keys()]).toEqual([order.id]);
    expect(fixture.deadLetters.size).toBe(0);
    expect(fixture.reports).toMatchObject([{ event: 'job-failed' }]);
    expect(fixture.errors).toEqual([]);
    expect(fixture.queue.messages.size).toBe(0);
  });

  test('nor be put into the receiver’s form: the posted alerts are a dead letter', async () => {
    fixture.onForward = tooLarge;
    const job = await start({ ...post(3), forward: order } as never);
    fixture.startWorker();
    await fixture.clock.pass(5_000);
    await expect(ask(job)).rejects.toMatchObject({ kind: 'answer-too-large' });
    expect([...fixture.deadLetters]).toEqual([[order.id, post(3).text]]);
  });
});

describe('a slow storage', () => {
  test.each([1, 2, 3, 4, 5])('lets all of fifty equal posts into one job (seed %i)', async (seed) => {
    const random = randomFrom(seed);
    fixture = openJobsFixture({ random, latencyMs: () => 300 + 400 * random() });
    const jobs = fixture.jobs();
    const posts = Array.from({ length: 50 }, () => jobs.start(post(3)));
    const started = await fixture.clock.until(Promise.all(posts));
    expect(new Set(started.map(({ id }) => id)).size).toBe(1);
    expect(new Set(started.map(({ token }) => token)).size).toBe(50);
  });
});

describe('a storage that goes away', () => {
  test('between blob and queue: the post is refused, and repeating it makes one job that runs', async () => {
    fixture.queue.fault = () => 'before';
    await expect(start()).rejects.toMatchObject({ kind: 'storage-unavailable' });
    expect(fixture.queue.messages.size).toBe(0);
    fixture.queue.fault = () => undefined;
    const job = await start();
    expect(await fixture.clock.until(fixture.store.list(fixture.places.states))).toMatchObject({
      blobs: [{}],
    });
    fixture.startWorker();
    expect((await end(job)).enrichment.status).toBe('complete');
    expect(fixture.calls).toHaveLength(3);
  });

  test('with the answer of the queue lost: one message too many does nothing', async () => {
    fixture.queue.fault = () => 'after';
    await expect(start()).rejects.toMatchObject({ kind: 'storage-unavailable' });
    fixture.queue.fault = () => undefined;
    const job = await start();
    expect(fixture.queue.messages.size).toBe(2);
    fixture.startWorker();
    expect((await end(job)).enrichment.status).toBe('complete');
    await fixture.clock.pass(2 * LEASE_MS);
    expect(fixture.calls).toHaveLength(3);
    expect(fixture.queue.messages.size).toBe(0);
  });

  test.each(['before', 'after'] as const)(
    'at any one of its operations (%s it took effect): the job ends, and no answer is lost',
    async (when) => {
      for (let nth = 1; ; nth++) {
        fixture = openJobsFixture();
        const job = await start(post(100));
        let operations = 0;
        fixture.store.fault = () => (++operations === nth ? when : undefined);
        fixture.startWorker();
        await fixture.clock.pass(400_000);
        fixture.store.fault = () => undefined;
        const { enrichment } = await end(job);
        expect({ nth, status: enrichment.status, calls: fixture.calls.length }).toEqual({
          nth,
          status: 'complete',
          calls: 100,
        });
        expect(fixture.errors).toEqual([]);
        expect(fixture.queue.messages.size).toBe(0);
        await fixture.close();
        if (operations < nth) break;
        if (nth > 12) nth += 17; // the answers are all alike
      }
    },
  );

  test('for ten minutes: the message is no poison, and the job goes on', async () => {
    const job = await start();
    fixture.store.fault = () => 'before';
    fixture.startWorker();
    await fixture.clock.pass(600_000);
    fixture.store.fault = () => undefined;
    expect((await end(job)).enrichment.status).toBe('complete');
    expect(fixture.poison.messages.size).toBe(0);
  });

  test.each([3, 10, 60])(
    'for %d minutes, the queue too, for us and not for the host: no job that was not worked on is failed',
    async (minutes) => {
      const job = await start();
      fixture.store.fault = () => 'before';
      fixture.queue.fault = () => 'before';
      fixture.startWorker();
      await fixture.clock.pass(minutes * 60_000);
      fixture.store.fault = () => undefined;
      fixture.queue.fault = () => undefined;
      await fixture.clock.pass(HOUR);
      expect(await ask(job)).toMatchObject({ status: 'complete' });
    },
  );
});

describe('a job of a later version of the app', () => {
  /** Makes it one; returns what makes it one of this version again. */
  function raise({ id }: StartedJob) {
    const name = fixture.places.state(id);
    const { text, ...rest } = fixture.store.blobs.get(name) ?? { text: '', etag: '', lastModifiedMs: 0 };
    fixture.store.blobs.set(name, { ...rest, text: text.replace('"version":1', '"version":2') });
    return () => fixture.store.blobs.set(name, { ...rest, text });
  }

  test('is left to that version, and its message with it; an equal post begins one of its own', async () => {
    const job = await start();
    const lower = raise(job);
    fixture.startWorker();
    await fixture.clock.pass(HOUR);
    await expect(ask(job)).rejects.toMatchObject({ status: 503 });
    const own = await start();
    expect((await end(own)).enrichment.status).toBe('complete');
    lower();
    await fixture.clock.pass(60_000);
    expect(await ask(job)).toMatchObject({ status: 'complete' });
  });

  test('is not swept while it runs', async () => {
    const job = await start();
    raise(job);
    await fixture.clock.pass(100 * HOUR);
    const { store, clock, places } = fixture;
    await clock.until(fixture.jobs().sweep(60_000));
    expect(store.blobs.has(places.payload(job.id))).toBe(true);
  });
});

describe('a write of which only the answer is lost, so that the library repeats it and is refused', () => {
  test.each(['/same/', '"end":{'])(
    'does not keep a job from being marked while it runs, and no longer (%s)',
    async (what) => {
      const write = fixture.store.write.bind(fixture.store);
      fixture.store.write = async (name, text, condition) => {
        const first = await write(name, text, condition);
        return name.includes(what) || text.includes(what) ? write(name, text, condition) : first;
      };
      const marks = async () =>
        (await fixture.clock.until(fixture.store.list(fixture.places.running))).blobs.length;
      const job = await start();
      expect(await marks()).toBe(1);
      fixture.startWorker();
      expect((await end(job)).enrichment.status).toBe('complete');
      await fixture.clock.pass(1_000);
      expect(await marks()).toBe(0);
    },
  );
});

test('an old poison message does not end a job that has gone on', async () => {
  const job = await start(post(200));
  fixture.startWorker();
  await fixture.clock.pass(10_000);
  await fixture.clock.until(fixture.jobs().giveUp({ id: job.id, generation: 0 }));
  expect((await end(job)).enrichment.status).toBe('complete');
  expect(fixture.reports).toEqual([]);
});

describe('the sweep', () => {
  const sweepFor = (ms: number) => fixture.clock.until(fixture.jobs().sweep(ms));

  test('sends a job its message within two days, however long results are kept', async () => {
    const job = await start();
    fixture.queue.messages.clear();
    await fixture.clock.pass(25 * HOUR);
    fixture.resultHours = 720;
    await sweepFor(60_000);
    fixture.startWorker();
    await fixture.clock.pass(HOUR);
    expect(await ask(job)).toMatchObject({ status: 'complete' });
  });

  test('that has no time for all states deletes nothing of the others', async () => {
    fixture = openJobsFixture({ latencyMs: () => 10 });
    const job = await start();
    await fixture.clock.pass(49 * HOUR);
    const before = fixture.store.blobs.size;
    expect(await sweepFor(5)).toMatchObject({ deleted: 0, finished: false });
    expect(fixture.store.blobs.size).toBe(before);
    fixture.startWorker();
    expect((await end(job)).enrichment.status).toBe('complete');
  });
});

describe('what is kept', () => {
  test('expires: 410 for a day, then 404, and the sweep leaves nothing', async () => {
    const job = await start();
    fixture.startWorker();
    await end(job);
    await fixture.close();
    await fixture.clock.pass(24 * HOUR);
    await expect(ask(job)).rejects.toMatchObject({ kind: 'job-expired', status: 410 });
    const running = await start(post(3, 'da444444444444444444_'));
    await fixture.clock.pass(24 * HOUR + 1_000);
    await expect(ask(job)).rejects.toMatchObject({ kind: 'job-unknown', status: 404 });
    const { store, queue, clock } = fixture;
    const sweep = () => clock.until(fixture.jobs().sweep(60_000));
    const before = store.blobs.size; // 5 of them are the running job's
    expect(await sweep()).toMatchObject({ finished: true, deleted: before - 5 });
    expect(
      [...store.blobs.keys()].every((name) => name.includes(running.id) || name.includes('/same/')),
    ).toBe(true);
    // One that nobody has worked on for two days is no refuse: it gets another message.
    queue.messages.clear();
    await clock.pass(25 * HOUR);
    await sweep();
    fixture.startWorker();
    expect((await end(running)).enrichment.status).toBe('complete');
    await fixture.close();
    await clock.pass(49 * HOUR);
    await sweep();
    expect(store.blobs.size).toBe(0);
  });
});
