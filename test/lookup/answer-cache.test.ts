import { expect, test } from '@jest/globals';
import { AnswerCache } from '../../shared/lookup/answer-cache.js';
import { alertIpsPolicy } from '../../shared/lookup/cache-policy.js';
import { VirtualClock } from '../support/virtual-clock.js';

test('answers that are not to be kept take no room from the others', () => {
  const cache = new AnswerCache(
    new VirtualClock(),
    alertIpsPolicy({ ipsSeconds: 300, notFoundSeconds: 0 }),
    3,
  );
  const found = { status: 'found', ips: ['192.0.2.1'], unusable: [] } as const;
  cache.set('known', { answer: found, ageSeconds: 0 });
  for (let index = 0; index < 3; index++) {
    cache.set(`unknown ${index}`, { answer: { status: 'not_found', ips: [], unusable: [] }, ageSeconds: 0 });
  }
  expect(cache.get('known')?.answer).toBe(found);
});
