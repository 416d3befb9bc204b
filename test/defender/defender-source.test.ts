import { describe, expect, test } from '@jest/globals';
import type { Answer, DefenderClient, Reading } from '../../shared/defender/client.js';
import { DefenderSource } from '../../shared/defender/defender-source.js';
import type { Work } from '../../shared/lookup/source.js';
import type { Priority } from '../../shared/quota/priorities.js';

const ORIGIN = 'https://api.test';
const TICKS = 'da637472900382838869_1364969609';
const GUID = 'c6a87bc6-0000-4000-8000-000000000000_1';
const work: Work = { untilMs: () => 0, signal: new AbortController().signal, at: () => {} };
const pathOf = (id: string) => `${ORIGIN}/api/alerts/${id}/ips`;

/** A source whose client answers by address; what is not there is not found. */
function answering(bodies: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const lanes: (Priority | undefined)[] = [];
  const client = {
    origin: ORIGIN,
    get: async <T>(
      url: string,
      read: (body: string) => Reading<T>,
      _work: Work,
      lane?: Priority,
    ): Promise<Answer<T>> => {
      asked.push(url);
      lanes.push(lane);
      const body = bodies[url];
      const reading = body === undefined ? undefined : read(body);
      return reading?.kind === 'value' ? reading : { kind: 'not-found' };
    },
  };
  const source = new DefenderSource(client as unknown as DefenderClient);
  return {
    asked,
    lanes,
    find: (id: string) => source.find(id, work),
    stats: (address: string) => source.stats(address, work),
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
    const { stats, asked, lanes } = answering({
      [`${ORIGIN}/api/ips/2001%3Adb8%3A%3A1/stats`]: '{"organizationPrevalence":7}',
    });
    expect(await stats('2001:db8::1')).toEqual({
      organizationPrevalence: 7,
      firstSeen: null,
      lastSeen: null,
    });
    expect(await stats('192.0.2.1')).toEqual({ organizationPrevalence: 0, firstSeen: null, lastSeen: null });
    expect(asked).toHaveLength(2);
    expect(lanes).toEqual(['background', 'background']); // they leave the reserve to those who wait
  });

  test('pages are joined, each address once; what is unusable is kept, up to a hundred', async () => {
    const second = `${ORIGIN}/next`;
    const { find } = answering({
      [pathOf(TICKS)]: page(['192.0.2.1', 'host'], second),
      [second]: page(['192.0.2.2', '192.0.2.1', ...Array(200).fill('x')]),
    });
    const { status, ips, unusable } = await find(TICKS);
    expect({ status, ips }).toEqual({ status: 'found', ips: ['192.0.2.1', '192.0.2.2'] });
    expect(unusable).toEqual(['"host"', ...Array(99).fill('"x"')]);
  });

  test('twenty pages are read, and no more', async () => {
    const link = (number: number) => `${ORIGIN}/page/${number}`;
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
