import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomFrom } from '../support/random.js';
import { type JobsFixture, openJobsFixture, post } from './jobs-fixture.js';

let fixture: JobsFixture;
beforeEach(() => {
  fixture = openJobsFixture();
});
afterEach(() => fixture.close());

const start = (request: ReturnType<typeof post>, jobs = fixture.jobs()) =>
  fixture.clock.until(jobs.start(request));

const ended = async ({ id, token }: { id: string; token: string }) =>
  fixture.clock.eventually(async () => {
    const asked = await fixture.clock.until(fixture.jobs().ask(id, token));
    return asked.kind === 'answered' ? JSON.parse(asked.answer.body) : undefined;
  }, 1_000);

/** Names that were written, in their order. */
function watchWrites(): string[] {
  const written: string[] = [];
  const { store } = fixture;
  const write = store.write.bind(store);
  store.write = (name, text, condition) => {
    written.push(name);
    return write(name, text, condition);
  };
  return written;
}

describe('twenty equal posts at the same time', () => {
  test.each([
    ['on one instance', 1],
    ['on twenty', 20],
  ])('%s write one payload and become one job, whose alerts are asked once', async (_where, instances) => {
    const random = randomFrom(instances);
    fixture = openJobsFixture({ random, latencyMs: () => 10 + 20 * random() });
    const written = watchWrites();
    const apps = Array.from({ length: instances }, () => fixture.jobs());
    const posts = Array.from({ length: 20 }, (_, n) => apps[n % instances]?.start(post(200)));
    const started = await fixture.clock.until(Promise.all(posts));
    expect(new Set(started.map((one) => one?.id)).size).toBe(1);
    expect(new Set(started.map((one) => one?.token)).size).toBe(20);
    expect(written.filter((name) => name.endsWith('/payload.json'))).toHaveLength(1);
    const ids = [...fixture.store.blobs.keys()].map((name) => fixture.places.idIn(name)).filter(Boolean);
    expect(new Set(ids).size).toBe(1);
    fixture.startWorker();
    for (const one of started) expect((await ended(one as never)).alerts).toHaveLength(200);
    expect(fixture.calls).toHaveLength(200);
  });

  test('whose maker died before there was a job: the next one makes it, under the same id', async () => {
    const request = post(3);
    const { store } = fixture;
    const write = store.write.bind(store);
    store.write = (name, text, condition) =>
      name.includes('/states/') ? new Promise(() => {}) : write(name, text, condition);
    void fixture.jobs().start(request);
    await fixture.clock.pass(1_000);
    store.write = write;
    const job = await start(request);
    fixture.startWorker();
    expect((await ended(job)).status).toBe('complete');
    const ids = [...store.blobs.keys()].map((name) => fixture.places.idIn(name)).filter(Boolean);
    expect(new Set(ids)).toEqual(new Set([job.id]));
  });
});

describe('a dedupe key', () => {
  const keyed = (request: ReturnType<typeof post>) => ({ ...request, dedupe: 'incident-1' as never });

  test('joins an equal post, and gives a token of its own', async () => {
    const first = await start(keyed(post(3)));
    const second = await start(keyed(post(3)));
    expect(second.id).toBe(first.id);
    expect(second.token).not.toBe(first.token);
  });

  test.each([
    ['another body', { ...post(3, 'da777777777777777777_') }],
    ['other options', { ...post(3), query: 'format=ips' }],
  ])(
    'with %s is refused while the job runs, and shows and changes nothing of the first post',
    async (_what, other) => {
      const first = await start(keyed(post(3)));
      const before = [...fixture.store.blobs].map(([name, { text }]) => [name, text]);
      const refused = start(keyed(other));
      await expect(refused).rejects.toMatchObject({
        kind: 'dedupe-reused',
        status: 409,
        retryAtMs: undefined,
      });
      const { message } = await refused.catch((error) => error);
      expect(message).not.toContain(first.id);
      expect(message).not.toMatch(/da\d{10}/);
      expect([...fixture.store.blobs].map(([name, { text }]) => [name, text])).toEqual(before);
      expect(fixture.queue.messages.size).toBe(1);
    },
  );

  test('of two different posts at the same time makes one job, and the other is refused', async () => {
    fixture = openJobsFixture({ latencyMs: () => 20 });
    const posts = [keyed(post(3)), keyed(post(3, 'da777777777777777777_'))];
    const outcomes = await fixture.clock.until(
      Promise.allSettled(posts.map((request) => fixture.jobs().start(request))),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { kind: 'dedupe-reused' },
    });
    expect(fixture.queue.messages.size).toBe(1);
  });

  test('is free again when the job has ended: another body gets its own answer', async () => {
    fixture.startWorker();
    await ended(await start(keyed(post(3))));
    const other = post(2, 'da777777777777777777_');
    const { alerts } = await ended(await start(keyed(other)));
    expect(alerts.map(({ alertId }: { alertId: string }) => alertId)).toEqual(other.alertIds);
  });

  test('is free again when whoever reserved it died before there was a job', async () => {
    const { store } = fixture;
    const write = store.write.bind(store);
    store.write = (name, text, condition) =>
      name.includes('/states/') ? new Promise(() => {}) : write(name, text, condition);
    void fixture.jobs().start(keyed(post(3)));
    await fixture.clock.pass(60_000);
    store.write = write;
    const other = post(2, 'da777777777777777777_');
    fixture.startWorker();
    const { alerts } = await ended(await start(keyed(other)));
    expect(alerts).toHaveLength(2);
  });
});
