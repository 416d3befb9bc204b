import { expect, test } from '@jest/globals';
import { canonicalIpAddress, parseIpAddress } from '../../shared/base/ip-address.js';
import fc from '../support/properties.js';

test.each([
  ['198.51.100.7', '198.51.100.7'],
  [' 198.51.100.7\n', '198.51.100.7'],
  ['::ffff:198.51.100.7', '198.51.100.7'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['256.1.1.1', undefined],
  ['01.2.3.4', undefined],
  ['1.2.3', undefined],
  ['0x7f.1.1.1', undefined],
  ['10.0.0.0/8', undefined],
  ['198.51.100.7:443', undefined],
  ['[2001:db8::1]', undefined],
  ['', undefined],
  ['x'.repeat(1_000_000), undefined],
  [3232235777, undefined],
  [null, undefined],
])('%j', (value, address) => {
  expect(parseIpAddress(value)?.address).toBe(address);
  expect(canonicalIpAddress(value)).toBe(address);
});

test('both readings agree', () => {
  const texts = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4Extended(),
    fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.% ') }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      expect(canonicalIpAddress(text)).toBe(parseIpAddress(text)?.address);
    }),
    { numRuns: 3000 },
  );
});
