import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { enrichmentAnswer } from '../../shared/answers/enrichment-answer.js';
import { parseOptions } from '../../shared/answers/options.js';
import { withDeadline } from '../../shared/base/deadline.js';
import { MOST_ANSWER_BYTES } from '../../shared/enrichment/answer-limit.js';
import { attach } from '../../shared/enrichment/enrich.js';
import { MOST_ALERT_IDS } from '../../shared/enrichment/result.js';
import { FORMATS } from '../../shared/formats/index.js';
import { findAlerts } from '../../shared/payload/references.js';
import { alertIds } from '../support/alert-ids.js';
import { startWorld, type World } from '../support/world.js';

/** No answer is the product of two sizes that a caller chooses. */
let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

const addresses = (count: number) => Array.from({ length: count }, (_, n) => `203.0.${n >> 8}.${n & 255}`);

/** What an answer that is too large says. */
function expectTooLarge({
  status,
  text,
}: {
  readonly status?: number | undefined;
  readonly text: string;
}): void {
  expect(status).toBe(413);
  const json = JSON.parse(text);
  expect(json.type).toMatch(/:answer-too-large$/);
  expect(json.detail).toMatch(/64 MB.*fewer alerts.*format=ips/);
  expect(text.length).toBeLessThan(2_000);
}

describe('one alert that is named in very many places', () => {
  const [id = ''] = alertIds(1);

  test('has its addresses in each of them while there is room, else the answer is a problem that helps', async () => {
    world.defender.alerts.set(id, addresses(300));
    const some = await world.enrich({ alerts: Array.from({ length: 1_000 }, () => ({ alertId: id })) });
    expect(some.status).toBe(200);
    expect(some.json.alert.alerts.at(-1).relatedIps).toHaveLength(300);

    world.defender.alerts.set(alertIds(2)[1] as string, addresses(1_000));
    const places = Array.from({ length: 9_999 }, () => ({ alertId: alertIds(2)[1] }));
    expectTooLarge(await world.enrich({ alerts: places }));
    const less = await world.enrich({ alerts: places }, `?format=ips`);
    expect(less.status).toBe(200);
    expect(less.text.length).toBeLessThan(100_000);
    expect(less.json.ips).toHaveLength(1_000);
    expect((await world.get('/api/health')).status).toBe(200);
  });

  test('counts what JSON in strings adds to its quotes', async () => {
    world.defender.alerts.set(id, addresses(300));
    const nested = (levels: number): unknown =>
      levels === 0
        ? { alerts: Array.from({ length: 3_000 }, () => ({ alertId: id })) }
        : JSON.stringify(nested(levels - 1));
    const flat = await world.enrich(nested(0));
    expect(flat.status).toBe(200);
    expect(flat.text.length).toBeGreaterThan(10_000_000);
    expectTooLarge(await world.enrich({ body: nested(5) }));
  });
});

test('a long name above very many ids is not repeated for each of them in the answer', async () => {
  for (const character of ['a', '~']) {
    const name = character.repeat(20_000);
    const answer = await world.enrich({ [name]: { ids: alertIds(4_000) } }, `?onFailure=degrade&wait=1`);
    if (answer.status === 200) expect(Buffer.byteLength(answer.text)).toBeLessThanOrEqual(MOST_ANSWER_BYTES);
    else expect([400, 413, 422]).toContain(answer.status);
    const less = await world.enrich(
      { [name]: { ids: alertIds(4_000) } },
      `?format=ips&onFailure=degrade&wait=1`,
    );
    expect([200, 400, 422]).toContain(less.status);
    expect(less.text.length).toBeLessThan(5_000_000);
  }
});

describe('alerts that share their addresses', () => {
  /** Looked up before: 10,000 lookups are more than an hour of Defender's quota. */
  const answered = async (alerts: number, shared: number, format: string) => {
    const ids = alertIds(alerts);
    const text = JSON.stringify({ alertIds: ids });
    const payload = JSON.parse(text);
    const answer = { status: 'found', ips: addresses(shared), unusable: [] } as const;
    const results = new Map(ids.map((id) => [id, { ok: true, found: { answer, ageSeconds: 0 } } as const]));
    const { clock } = world;
    const parts = { clock, statsLookup: { find: unasked }, quota: { view: () => QUOTA } };
    const options = { id: 'e', stats: false, scope: 'all' } as const;
    const enriched = await withDeadline(
      clock,
      60_000,
      () => new Error('late'),
      (deadline) =>
        attach(parts, { text, payload }, { references: findAlerts(payload), results }, options, deadline),
    );
    const query = new URLSearchParams({ format });
    const { status, body } = await enrichmentAnswer(enriched, parseOptions(query, []));
    return { ids, status, text: String(body) };
  };

  test('each address lists some of its alerts, and counts all', async () => {
    const { ids, status, text } = await answered(4_000, 50, 'enriched');
    expect(status).toBe(200);
    const { ips } = JSON.parse(text).enrichment;
    expect(ips).toHaveLength(50);
    for (const { alertIds: listed, alertCount } of ips) {
      expect(alertCount).toBe(4_000);
      expect(listed).toEqual(ids.slice(0, MOST_ALERT_IDS / 50));
    }
    expect(text.length).toBeLessThan(10_000_000);
  });

  test('each address lists all of its alerts while there is room for them', async () => {
    const { ids, text } = await answered(2_000, 50, 'enriched');
    const [first] = JSON.parse(text).enrichment.ips;
    expect(first.alertIds).toEqual(ids);
    expect(first).not.toHaveProperty('alertCount');
  });

  test.each(FORMATS)(
    '10,000 that share 1,000 addresses: $name is within the limit, or a problem',
    async ({ name }) => {
      const { status, text } = await answered(10_000, 1_000, name);
      if (status === 200) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MOST_ANSWER_BYTES);
      else expectTooLarge({ status, text });
    },
  );
});

const QUOTA = { asOf: '', minute: { limit: 1, remaining: 1 }, hour: { limit: 1, remaining: 1 } };

async function unasked(): Promise<never> {
  throw new Error('nothing is asked here');
}
