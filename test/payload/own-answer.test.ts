import { expect, test } from '@jest/globals';
import { atOnce } from '../../shared/base/steps.js';
import { removingOwnAnswer } from '../../shared/payload/own-answer.js';

const ANSWER = '"enrichment":{"id":"e","alerts":[]}';
const of = (text: string) => atOnce(removingOwnAnswer(text, JSON.parse(text)));

test.each([
  [`{"alert":{"id": 1.0},${ANSWER}}`, '{"id": 1.0}'],
  [` {${ANSWER} , "\\u0061lert" : [1, 2] }`, '[1, 2]'],
  [`{"alert":{"alert":"x",${ANSWER}},${ANSWER}}`, '"x"'],
  [`{"alert":1,${ANSWER},"alert":2}`, '2'],
])('%s', (text, alert) => {
  expect(of(text)).toBe(alert);
});

test.each([
  '{"alert":{"id":1}}',
  '{"alert":1,"enrichment":{}}',
  `[{"alert":1,${ANSWER}}]`,
  `{${ANSWER}}`,
  '"x"',
])('%s is no answer of ours', (text) => {
  expect(of(text)).toBe(text);
});
