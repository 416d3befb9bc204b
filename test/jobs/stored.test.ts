import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { START_MS } from '../support/virtual-clock.js';
import { type JobsFixture, openJobsFixture } from './jobs-fixture.js';

/**
 * What version 0.1 of the app (commit 4957229) had in its storage account at some moment of a job's life. It was
 * written by that version's own code, in virtual time.
 */
interface Stored {
  /** The store's time at that moment. */
  readonly writtenAtMs: number;
  readonly jobs: readonly { readonly id: string; readonly token: string }[];
  readonly posts: readonly StoredPost[];
  readonly blobs: Readonly<Record<string, { readonly text: string; readonly ageMs: number }>>;
  readonly messages: readonly StoredMessage[];
  readonly poison: readonly StoredMessage[];
}

interface StoredPost {
  readonly text: string;
  readonly alertIds: readonly string[];
  readonly query: string;
  readonly dedupe?: string;
  readonly forward?: { readonly id: string; readonly destination: string };
}

interface StoredMessage {
  readonly text: string;
  readonly visibleInMs: number;
  readonly dequeueCount: number;
}

let fixture: JobsFixture;
beforeEach(() => {
  fixture = openJobsFixture();
});
afterEach(() => fixture.close());

async function load(name: string): Promise<Stored> {
  const stored: Stored = JSON.parse(readFileSync(`test/jobs/stored/${name}.json`, 'utf8'));
  const { clock, store, queue, poison } = fixture;
  await clock.pass(stored.writtenAtMs - START_MS);
  for (const [path, { text, ageMs }] of Object.entries(stored.blobs)) {
    await store.write(path, text, 'any');
    const blob = store.blobs.get(path);
    if (blob) store.blobs.set(path, { ...blob, lastModifiedMs: blob.lastModifiedMs - ageMs });
  }
  for (const { text, visibleInMs, dequeueCount } of stored.messages)
    queue.put(text, visibleInMs, dequeueCount);
  for (const { text, visibleInMs, dequeueCount } of stored.poison)
    poison.put(text, visibleInMs, dequeueCount);
  return stored;
}

/** Lets time pass until the n-th job has ended. */
async function end({ jobs }: Stored, nth = 0) {
  const { id, token } = jobs[nth] ?? { id: '', token: '' };
  return fixture.clock.eventually(async () => {
    const asked = await fixture.clock.until(fixture.jobs().ask(id, token));
    return asked.kind === 'answered' ? JSON.parse(asked.answer.body) : undefined;
  }, 1_000);
}

const statuses = (enrichment: { alerts: { status: string }[] }) =>
  enrichment.alerts.map(({ status }) => status);

test('jobs that nobody has worked on are done, each alert asked once that was not answered before', async () => {
  const stored = await load('posted');
  fixture.startWorker();
  expect(statuses(await end(stored, 0))).toEqual(Array(3).fill('found'));
  expect(statuses(await end(stored, 1))).toEqual(Array(2).fill('found'));
  expect(statuses(await end(stored, 2))).toEqual(['found', 'found', 'found', 'not_found']);
  expect((await end(stored, 3)).delivery).toMatchObject({ destination: 'siem', status: 'queued' });
  // The token of an equal post that joined the first one.
  expect(statuses(await end(stored, 4))).toEqual(Array(3).fill('found'));
  expect(fixture.calls).toHaveLength(3 + 2 + 2 + 2);
  expect(fixture.forwarded.size).toBe(1);
  expect(fixture.errors).toEqual([]);
  expect(fixture.reports).toEqual([]);
});

test('an equal post joins a job that the version before began', async () => {
  const stored = await load('posted');
  const { text = '', alertIds = [], query = '', dedupe } = stored.posts[1] ?? {};
  const request = { text, alertIds, query, dedupe, answers: new Map() };
  const joined = await fixture.clock.until(fixture.jobs().start(request));
  expect(joined.id).toBe(stored.jobs[1]?.id);
});

test('a job between two turns goes on: only what waits is asked, what failed for good stays so', async () => {
  const stored = await load('between-turns');
  fixture.startWorker();
  const enrichment = await end(stored);
  expect(statuses(enrichment).filter((status) => status === 'found')).toHaveLength(89);
  expect(enrichment.alerts[1]).toMatchObject({ status: 'failed', error: { detail: 'It is forbidden.' } });
  expect(enrichment.alerts[4]).toMatchObject({ ips: ['192.0.2.9'], unusableIps: ['x'] });
  expect(enrichment.delivery.status).toBe('queued');
  expect(fixture.calls).toHaveLength(10);
});

test('a job that waits for an upstream goes on', async () => {
  const stored = await load('backing-off');
  fixture.startWorker();
  expect((await end(stored)).status).toBe('complete');
  expect(fixture.calls).toHaveLength(2);
});

test('the job of a worker that died goes on where it was', async () => {
  const stored = await load('claimed');
  fixture.startWorker();
  const enrichment = await end(stored);
  expect(enrichment.status).toBe('complete');
  expect(enrichment.alerts[0]).toMatchObject({ ips: ['192.0.2.1', '198.51.100.7'] });
  expect(fixture.calls).toHaveLength(3);
  expect(fixture.forwarded.size).toBe(1);
});

test('a turn that was given up in its middle is taken over', async () => {
  const stored = await load('given-back');
  fixture.startWorker();
  expect((await end(stored)).status).toBe('complete');
  expect(fixture.calls).toHaveLength(3);
});

test('what has ended is told as it was, with an answer or without', async () => {
  const stored = await load('ended');
  expect((await end(stored)).status).toBe('complete');
  const { id, token } = stored.jobs[1] ?? { id: '', token: '' };
  await expect(fixture.clock.until(fixture.jobs().ask(id, token))).rejects.toMatchObject({
    kind: 'job-failed',
    message: expect.stringContaining('storage account'),
  });
  expect(fixture.calls).toEqual([]);
});

test('a message that the host gave up ends its job, and what was promised is forwarded', async () => {
  const stored = await load('poison');
  fixture.startWorker();
  await fixture.clock.pass(60_000);
  const { id, token } = stored.jobs[0] ?? { id: '', token: '' };
  await expect(fixture.clock.until(fixture.jobs().ask(id, token))).rejects.toMatchObject({
    kind: 'job-failed',
  });
  expect([...fixture.forwarded.keys(), ...fixture.deadLetters.keys()]).toEqual(['f'.repeat(32)]);
  expect(fixture.reports).toMatchObject([{ event: 'job-failed' }]);
});
