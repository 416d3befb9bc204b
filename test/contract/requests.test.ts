import { afterEach, beforeEach, expect, test } from '@jest/globals';
import fc from '../support/properties.js';
import { startWorld, type World } from '../support/world.js';
import { requests } from './requests.js';

const KEY = 'key-12345678';

let world: World;
beforeEach(async () => {
  world = await startWorld({
    functionKey: KEY,
    // Nobody is to wait for the quota here, on either side.
    settings: { QUOTA_PER_MINUTE: '100000', QUOTA_PER_HOUR: '100000' },
    defender: { perMinute: 100_000, perHour: 100_000 },
  });
});
afterEach(() => world.close());

test('no request that can be made of the contract is a 500, and every answer is one that it knows', async () => {
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(requests(KEY), async ({ method, path, headers, body }) => {
      const { status } = await world.send(method, path, body, headers); // conforms, or throws
      seen.add(status);
      expect(status).not.toBe(500);
    }),
    { numRuns: 400 },
  );
  // Requests that never get past the first check would show nothing.
  expect([...seen]).toEqual(expect.arrayContaining([200, 400, 401, 404]));
});
