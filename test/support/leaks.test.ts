import { expect, test } from '@jest/globals';
import { makeToken } from '../../local/identity/token.js';
import { leaksIn } from './leaks.js';

test('a token is a leak wherever it is cut off; a random text that holds the same first letters is none', () => {
  const { token } = makeToken({
    resource: 'https://defender.test',
    clientId: 'x',
    roles: [],
    nowMs: 0,
    lifetimeSeconds: 60,
  });
  expect(leaksIn(`Bearer ${token.slice(0, 20)}…`)).toHaveLength(1);
  expect(leaksIn('/api/enrichments/1?token=q1eyJXw2-4qTfK8v')).toEqual([]);
});

test('a stack trace, a path of this machine and a secret that is named are leaks', () => {
  expect(leaksIn(JSON.stringify({ detail: new Error('odd').stack }))).toHaveLength(1);
  expect(leaksIn('in node_modules/x')).toHaveLength(1);
  expect(leaksIn('key=abc', ['abc', 'def'])).toEqual(['abc']);
});
