import { expect, test } from '@jest/globals';
import type { App } from '../../shared/app/app.js';
import { deadLetters } from '../../shared/doctor/checks/dead-letters.js';

test.each([
  [1, false],
  [5, false],
  [6, false],
  [1_000, true],
])('of %d dead letters five ids at most are shown, and never none', async (count, hasMore) => {
  const ids = Array.from({ length: count }, (_, at) => `id-${at}.`);
  const app = { deliveries: { dead: async () => ({ ids, hasMore }) } } as unknown as App;
  const unused = {
    token: new Promise<never>(() => {}),
    probe: undefined,
    asked: {},
    storage: Promise.resolve(undefined),
  };
  const [seen] = await deadLetters.examine({ app, ...unused }, new AbortController().signal);
  expect(seen?.found).toContain(`Dead letters: ${count}${hasMore ? ' or more' : ''}, kept`);
  expect(seen?.found.match(/id-\d+\./g)).toEqual(ids.slice(0, 5));
  expect(seen?.found.includes('including')).toBe(count > 5);
});
