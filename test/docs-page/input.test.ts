import { expect, test } from '@jest/globals';
import { bodyOf } from '../../docs-page/input.js';
import fc from '../support/properties.js';

test.each([
  ['nothing', '  \n', undefined],
  ['JSON, which goes as it is', ' {"n":12345678901234567890} ', '{"n":12345678901234567890}'],
  ['documents, one a line', '{"a":1}\n\n{"b":2}\r\n', '[{"a":1},{"b":2}]'],
  ['broken JSON, of which the app says where', '{"a":1', '{"a":1'],
  ['ids, one a line', 'da1_1\r\nda2_2\n', '["da1_1","da2_2"]'],
  ['ids with commas and quotes', '"da1_1", \'da2_2\';<da3_3>', '["da1_1","da2_2","da3_3"]'],
  [
    'a portal link',
    'https://security.microsoft.com/alerts/da1_1?tid=x',
    '["https://security.microsoft.com/alerts/da1_1?tid=x"]',
  ],
])('%s', (_what, pasted, body) => {
  expect(bodyOf(pasted)).toBe(body);
});

test('what is sent is JSON, unless it was broken JSON already', () => {
  fc.assert(
    fc.property(fc.string(), (pasted) => {
      const body = bodyOf(pasted);
      if (body === undefined || /^[{[]/.test(body.trim())) return;
      JSON.parse(body);
    }),
  );
});
