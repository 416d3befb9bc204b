import { beforeEach, describe, expect, test } from '@jest/globals';
import type { OperatorAlert } from '../../shared/base/environment.js';
import { DefenderSource } from '../../shared/defender/defender-source.js';
import type { Work } from '../../shared/lookup/source.js';
import { SUSPECT_AFTER } from '../../shared/lookup/unknown-alerts.js';
import type { Priority } from '../../shared/quota/priorities.js';
import type { Question } from '../../shared/upstream/call.js';
import type { Answer, ApiClient } from '../../shared/upstream/client.js';
import type { Answered, Reading } from '../../shared/upstream/outcome.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { answered } from '../upstream/outcomes.js';

const ORIGIN = 'https://api.test';
const TICKS = 'da637472900382838869_1364969609';
const GUID = 'c6a87bc6-0000-4000-8000-000000000000_1';
const work: Work = { untilMs: () => 0, signal: new AbortController().signal, at: () => {} };
const pathOf = (id: string) => `${ORIGIN}/api/alerts/${id}/ips`;

let clock: VirtualClock;
beforeEach(() => {
  clock = new VirtualClock();
});

/** A source whose client answers by address; what is not there is not found. */
function answering(bodies: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const priorities: Priority[] = [];
  const reports: OperatorAlert[] = [];
  const client = {
    origin: ORIGIN,
    get: async <T>(
      { url }: Question,
      read: (answer: Answered) => Reading<T>,
      _work: Work,
      priority: Priority,
    ): Promise<Answer<T>> => {
      asked.push(url);
      priorities.push(priority);
      const body = bodies[url];
      const reading = body === undefined ? undefined : read(answered(body));
      return reading?.kind === 'value' ? reading : { kind: 'not-found' };
    },
  };
  const source = new DefenderSource({
    clock,
    client: client as unknown as ApiClient,
    report: (alert) => void reports.push(alert),
  });
  return {
    asked,
    priorities,
    reports,
    find: (id: string) => source.find(id, work, 'interactive'),
    stats: (address: string) => source.stats(address, work),
    warnings: () => source.warnings().map(({ kind }) => kind),
  };
}

const page = (ids: readonly unknown[], nextLink?: string) =>
  JSON.stringify({ value: ids.map((id) => ({ id })), ...(nextLink ? { '@odata.nextLink': nextLink } : {}) });

describe('DefenderSource', () => {
  test('found, empty and not found', async () => {
    const { find, asked } = answering({
      [pathOf(TICKS)]: page(['192.0.2.1']),
      [pathOf('ed637472900382838869_1')]: page([]),
    });
    expect(await find(TICKS)).toEqual({ status: 'found', ips: ['192.0.2.1'], unusable: [] });
    expect(await find('ed637472900382838869_1')).toEqual({ status: 'empty', ips: [], unusable: [] });
    expect(await find('637472900382838869_2')).toEqual({ status: 'not_found', ips: [], unusable: [] });
    expect(asked).toEqual([TICKS, 'ed637472900382838869_1', '637472900382838869_2'].map(pathOf));
  });

  test('a GUID id that is not found is asked for without its two letters, once', async () => {
    const known = answering({ [pathOf(GUID)]: page(['192.0.2.1']) });
    expect(await known.find(`da${GUID}`)).toMatchObject({ status: 'found' });
    expect(known.asked).toEqual([pathOf(`da${GUID}`), pathOf(GUID)]);

    const unknown = answering({});
    expect(await unknown.find(`da${GUID}`)).toMatchObject({ status: 'not_found' });
    expect(unknown.asked).toHaveLength(2);

    const prefixed = answering({ [pathOf(`da${GUID}`)]: page([]) });
    expect(await prefixed.find(`da${GUID}`)).toMatchObject({ status: 'empty' });
    expect(prefixed.asked).toHaveLength(1);
  });

  test('the form that was answered is asked first the next time, until it is the other one', async () => {
    const bodies: Record<string, string> = { [pathOf(GUID)]: page(['192.0.2.1']) };
    const { find, asked } = answering(bodies);
    const [prefixed, bare] = [pathOf(`da${GUID}`), pathOf(GUID)];
    const askedBy = async () => {
      asked.length = 0;
      await find(`da${GUID}`);
      return [...asked];
    };
    expect(await askedBy()).toEqual([prefixed, bare]);
    expect(await askedBy()).toEqual([bare]);
    delete bodies[bare];
    bodies[prefixed] = page([]);
    expect(await askedBy()).toEqual([bare, prefixed]);
    expect(await askedBy()).toEqual([prefixed]);
  });

  test('statistics of an address; one that Defender does not know was never seen', async () => {
    const { stats, asked, priorities } = answering({
      [`${ORIGIN}/api/ips/2001%3Adb8%3A%3A1/stats`]: '{"organizationPrevalence":7}',
    });
    expect(await stats('2001:db8::1')).toEqual({
      organizationPrevalence: 7,
      firstSeen: null,
      lastSeen: null,
    });
    expect(await stats('192.0.2.1')).toEqual({ organizationPrevalence: 0, firstSeen: null, lastSeen: null });
    expect(asked).toHaveLength(2);
    expect(priorities).toEqual(['background', 'background']); // they leave the reserve to those who wait
  });

  test('pages are joined, each address once; what is unusable is kept, up to a hundred', async () => {
    const second = `${pathOf(TICKS)}?$skiptoken=2`;
    const { find } = answering({
      [pathOf(TICKS)]: page(['192.0.2.1', 'host'], second),
      [second]: page(['192.0.2.2', '192.0.2.1', ...Array(200).fill('x')]),
    });
    const { status, ips, unusable } = await find(TICKS);
    expect({ status, ips }).toEqual({ status: 'found', ips: ['192.0.2.1', '192.0.2.2'] });
    expect(unusable).toEqual(['"host"', ...Array(99).fill('"x"')]);
  });

  test('twenty pages are read, and no more', async () => {
    const link = (number: number) => `${pathOf(TICKS)}?$skip=${number}`;
    const pages = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, n) => [
          n === 0 ? pathOf(TICKS) : link(n),
          page([`192.0.2.${n}`], n < count - 1 ? link(n + 1) : undefined),
        ]),
      );
    expect((await answering(pages(20)).find(TICKS)).ips).toHaveLength(20);
    const endless = answering(pages(21));
    await expect(endless.find(TICKS)).rejects.toMatchObject({
      kind: 'answer-unusable',
      message: expect.stringContaining('more than 20 pages'),
    });
    expect(endless.asked).toHaveLength(20);
  });

  test.each([
    ['to another path', `${ORIGIN}/api/alerts/da637472900382838869_1/ips`, /another path.*proxies/],
    ['to a path below', `${pathOf(TICKS)}/more`, /another path/],
    ['to itself', pathOf(TICKS), /read already/],
  ])('a next link %s is refused at once, and remembered for five minutes', async (_where, link, message) => {
    const { find, asked } = answering({
      [pathOf(TICKS)]: page(['192.0.2.1'], link),
      [link]: page(['192.0.2.1'], link),
    });
    for (const passedMs of [0, 299_999]) {
      await clock.pass(passedMs);
      await expect(find(TICKS)).rejects.toMatchObject({
        kind: 'answer-unusable',
        message: expect.stringMatching(message),
      });
      expect(asked).toHaveLength(1);
    }
    await clock.pass(1);
    await expect(find(TICKS)).rejects.toMatchObject({ kind: 'answer-unusable' });
    expect(asked).toHaveLength(2);
  });

  test('a circle of pages ends at the first one that was read already; another alert is not affected', async () => {
    const second = `${pathOf(TICKS)}?$skiptoken=2`;
    const other = 'ed637472900382838869_1';
    const { find, asked } = answering({
      [pathOf(TICKS)]: page(['192.0.2.1'], second),
      [second]: page(['192.0.2.2'], second),
      [pathOf(other)]: page(['192.0.2.3']),
    });
    await expect(find(TICKS)).rejects.toMatchObject({ kind: 'answer-unusable' });
    expect(asked).toHaveLength(2);
    expect(await find(other)).toMatchObject({ status: 'found' });
  });

  test('a later page that Defender does not know is a failure, not an unknown alert', async () => {
    const { find } = answering({ [pathOf(TICKS)]: page(['192.0.2.1'], `${pathOf(TICKS)}?$skiptoken=2`) });
    await expect(find(TICKS)).rejects.toMatchObject({
      kind: 'upstream-unavailable',
      retryAtMs: 10_000,
      message: expect.stringContaining('later page'),
    });
  });

  const unknownIds = (count: number) =>
    Array.from({ length: count }, (_, n) => `da63747290038283886${n % 10}_${n}`);

  test('many different unknown alerts in a row make the source suspect: reported once, until one is known', async () => {
    const { find, warnings, reports } = answering({ [pathOf(TICKS)]: page([]) });
    const ids = unknownIds(SUSPECT_AFTER);
    for (const id of ids.slice(1)) await find(id);
    for (const id of ids.slice(1)) await find(id); // the same ones again are no further sign
    expect(warnings()).toEqual([]);
    await find(ids[0] as string);
    for (const id of unknownIds(3 * SUSPECT_AFTER)) await find(id);
    expect(warnings()).toEqual(['source-suspect']);
    expect(reports.map(({ event }) => event)).toEqual(['source-suspect']);
    expect(reports[0]?.detail).toMatch(/retired.*DEFENDER_CLOUD.*probe=/);
    await find(TICKS); // known, and without addresses
    expect(warnings()).toEqual([]);
  });

  test('a known alert among unknown ones keeps the source from being suspect', async () => {
    const { find, warnings } = answering({ [pathOf(TICKS)]: page(['192.0.2.1']) });
    const ids = unknownIds(2 * SUSPECT_AFTER - 2);
    for (const id of ids.slice(1, SUSPECT_AFTER)) await find(id);
    await find(TICKS);
    for (const id of ids.slice(SUSPECT_AFTER)) await find(id);
    expect(warnings()).toEqual([]);
  });

  test.each([
    'https://other.test/next',
    'http://api.test/next',
    'https://api.test:8443/next',
    'https://api.test.evil.test/next',
    'https://user@api.test/next',
    'https://:secret@api.test/next',
    '/api/alerts',
    'nonsense',
  ])('a next page at %s is not asked', async (nextLink) => {
    const { find, asked } = answering({ [pathOf(TICKS)]: page(['192.0.2.1'], nextLink) });
    await expect(find(TICKS)).rejects.toMatchObject({
      kind: 'answer-unusable',
      message: expect.stringMatching(/another host.*configured host only\. Check DEFENDER_API_HOST\.$/),
    });
    expect(asked).toHaveLength(1);
  });

  test.each(['', '..', 'da1_1', `${TICKS}/..`, 'ra637472900382838869_1364969609'])(
    '%j is no id to ask about',
    async (id) => {
      const { find, asked } = answering({});
      await expect(find(id)).rejects.toMatchObject({
        kind: 'invalid-alert-id',
        message: expect.stringContaining('grammar'),
      });
      expect(asked).toEqual([]);
    },
  );
});
