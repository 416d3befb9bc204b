import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EnrichmentError } from '../../shared/base/errors.js';
import type { StartedJob } from '../../shared/jobs/start.js';
import { type JobsFixture, openJobsFixture, post } from './jobs-fixture.js';

const ORDER = { id: 'f'.repeat(32), destination: 'siem' };

let fixture: JobsFixture;
afterEach(() => fixture.close());

/** Blobs of a job, by what they hold. */
const BLOBS: Record<string, (job: { id: string }) => (name: string) => boolean> = {
  state:
    ({ id }) =>
    (name) =>
      name === fixture.places.state(id),
  'alert list':
    ({ id }) =>
    (name) =>
      name === fixture.places.alerts(id),
  payload:
    ({ id }) =>
    (name) =>
      name === fixture.places.payload(id),
  answers:
    ({ id }) =>
    (name) =>
      name.startsWith(fixture.places.answers(id)),
  mark:
    ({ id }) =>
    (name) =>
      name === `${fixture.places.running}${id}`,
  reservation: () => (name) => name.startsWith(fixture.places.same),
  result:
    ({ id }) =>
    (name) =>
      name === fixture.places.result(id),
};

/** What is done to a blob's text; undefined: it is deleted. */
const DAMAGES: Record<string, (text: string, other: string) => string | undefined> = {
  gone: () => undefined,
  empty: () => '',
  cut: (text) => text.slice(0, text.length / 2),
  'an empty object': () => '{}',
  'five megabytes': () => 'x'.repeat(5_000_000),
  'replaced by that of another job': (_text, other) => other,
};

function damage(
  isHit: (name: string) => boolean,
  how: (typeof DAMAGES)[string],
  other: (name: string) => string,
) {
  let hits = 0;
  for (const [name, blob] of [...fixture.store.blobs]) {
    if (!isHit(name)) continue;
    hits++;
    const text = how?.(blob.text, other(name));
    if (text === undefined) fixture.store.blobs.delete(name);
    else fixture.store.blobs.set(name, { ...blob, text, etag: `"damaged ${hits} ${blob.etag}` });
  }
  return hits;
}

/** What there is to be known of another job, by where the same would be of this one. */
function otherJob(id: string, otherId: string): (name: string) => string {
  const texts = new Map([...fixture.store.blobs].map(([name, { text }]) => [name, text]));
  return (name) => {
    const same = [...texts].find(([one]) => one === name.replace(id, otherId));
    if (same) return same[1];
    const alike = [...texts].find(([one]) => one.includes(otherId) && one.includes('/answers/'));
    return name.includes('/answers/') && alike ? alike[1] : '{"id":"what"}';
  };
}

async function outcome({ id, token }: StartedJob) {
  try {
    const asked = await fixture.clock.until(fixture.jobs().ask(id, token));
    return asked.kind === 'answered' ? (JSON.parse(asked.answer.body).status as string) : asked.kind;
  } catch (error) {
    if (error instanceof EnrichmentError) return error.kind;
    throw error;
  }
}

describe('whatever becomes of a blob of a job between any two steps: it ends, and its forward is never lost in silence', () => {
  const cases = Object.keys(BLOBS).flatMap((blob) => Object.keys(DAMAGES).map((how) => [blob, how] as const));

  test.each(cases)('the %s is %s', async (blob, how) => {
    for (let nth = 1; ; nth++) {
      fixture = openJobsFixture();
      const { clock, store, queue } = fixture;
      fixture.upstream = (alertId) => ({
        status: 'found',
        ips: [alertId.startsWith('da5') ? '198.51.100.9' : '192.0.2.1'],
        unusable: [],
      });
      const other = await clock.until(fixture.jobs().start(post(3, 'da555555555555555555_')));
      fixture.startWorker();
      await clock.pass(5_000);
      await fixture.close();
      const job = await clock.until(fixture.jobs().start({ ...post(3), forward: ORDER }));
      const otherText = otherJob(job.id, other.id);
      let operations = 0;
      let isDamaging = true;
      store.fault = () => {
        if (isDamaging && ++operations === nth) {
          damage(BLOBS[blob]?.(job) ?? (() => false), DAMAGES[how] as never, otherText);
        }
        return undefined;
      };
      fixture.startWorker();
      await clock.pass(300_000);
      isDamaging = false;
      const came = await outcome(job);
      const forwards = [...fixture.forwarded.keys(), ...fixture.deadLetters.keys()];
      const alarms = fixture.reports.map(({ event }) => event);
      const isForwarded = fixture.forwarded.get(ORDER.id)?.enrichment.status === 'complete';
      // Of a job that has ended, only its state knows who may see it.
      const isOver = isForwarded && came === 'job-unknown' && blob === 'state';
      const isWhole = isForwarded && (came === 'complete' || (isOver && how === 'gone'));
      expect({
        nth,
        came: isOver ? 'complete' : came,
        forwards: new Set(forwards),
        isAlarm: isWhole || alarms.length > 0,
      }).toEqual({
        nth,
        came: expect.stringMatching(/^(complete|partial|failed|job-failed)$/),
        forwards: new Set([ORDER.id]),
        isAlarm: true,
      });
      expect(fixture.errors).toEqual([]);
      expect(queue.messages.size).toBe(0);
      // Nothing false: no address but the upstream's own.
      const enrichment = fixture.forwarded.get(ORDER.id)?.enrichment;
      for (const { address } of enrichment?.ips ?? []) expect(address).toBe('192.0.2.1');
      await fixture.close();
      if (operations < nth) break;
    }
  });
});

describe('a job without a message', () => {
  beforeEach(() => {
    fixture = openJobsFixture();
  });
  const start = () => fixture.clock.until(fixture.jobs().start({ ...post(3), forward: ORDER }));
  const HOUR = 3_600_000;

  test('and without a state is found by the sweep: it ends as failed, and its forward is made of what there is', async () => {
    const { clock, store, queue, places } = fixture;
    const job = await start();
    queue.messages.clear();
    store.blobs.delete(places.state(job.id));
    await clock.pass(25 * HOUR);
    await clock.until(fixture.jobs().sweep(60_000));
    fixture.startWorker();
    await clock.pass(60_000);
    expect(await outcome(job)).toBe('job-failed');
    expect([...fixture.forwarded.keys()]).toEqual([ORDER.id]);
    expect(fixture.reports.map(({ event }) => event)).toContain('job-damaged');
  });

  test('goes on when somebody asks for it who ought to have been answered long ago', async () => {
    const { clock, queue } = fixture;
    const job = await start();
    queue.messages.clear();
    fixture.startWorker();
    await clock.pass(900_000);
    expect(await outcome(job)).toBe('running');
    expect(queue.messages.size).toBe(0);
    await clock.pass(60_000);
    for (let polls = 0; polls < 5; polls++) expect(await outcome(job)).toBe('running');
    expect(queue.messages.size).toBe(1);
    await clock.pass(60_000);
    expect(await outcome(job)).toBe('complete');
  });

  test('since an earlier copy of its state was put back after its end: it ends once more, and is forwarded once', async () => {
    const { clock, store, places } = fixture;
    const job = await start();
    const copy = store.blobs.get(places.state(job.id));
    fixture.startWorker();
    await clock.pass(30_000);
    expect(await outcome(job)).toBe('complete');
    if (copy) store.blobs.set(places.state(job.id), { ...copy, etag: '"put back"' });
    await clock.pass(1_000_000);
    expect(await outcome(job)).toBe('running');
    await clock.pass(60_000);
    expect(await outcome(job)).toBe('complete');
    expect([...fixture.forwarded.keys()]).toEqual([ORDER.id]);
  });
});

test('a state of version 0.1 that is damaged: nobody knows what it was to be, and operators are told so', async () => {
  fixture = openJobsFixture();
  const { clock, store, queue, places } = fixture;
  const id = 'a'.repeat(32);
  await clock.until(store.write(places.state(id), '{"version":1,"id":', 'any'));
  await clock.until(store.write(`${places.running}${id}`, '', 'any'));
  queue.put(Buffer.from(JSON.stringify({ id, generation: 3 })).toString('base64'));
  fixture.startWorker();
  await clock.pass(10_000);
  expect(queue.messages.size).toBe(0);
  expect(fixture.reports[0]).toMatchObject({
    event: 'job-damaged',
    detail: expect.stringContaining('forwarded'),
  });
  const aside = [...store.blobs].find(([name]) => name.startsWith(places.setAside));
  expect(aside?.[1].text).toBe('{"version":1,"id":');
  await clock.pass(50 * 3_600_000);
  await clock.until(fixture.jobs().sweep(60_000));
  expect([...store.blobs.keys()].filter((name) => !name.startsWith(places.setAside))).toEqual([]);
});
