import { describe, expect, test } from '@jest/globals';
import { bareForm, isEndpointAlertId, otherProductOf } from '../../shared/base/alert-id.js';
import fc from '../support/properties.js';

const GUID = 'c6a87bc6-1a2b-4c3d-8e4f-000000000001';

describe('ids of Defender for Endpoint', () => {
  test.each([
    'da637472900382838869_1364969609',
    'da637308392288907382_-880718168',
    'ed637472900382838869_1364969609',
    '636688558380765161_2136280442',
    `da${GUID}_1`,
    `da${GUID.toUpperCase()}_1`,
    `${GUID}_1`,
  ])('%s', (id) => {
    expect(isEndpointAlertId(id)).toBe(true);
    expect(otherProductOf(id)).toBeUndefined();
  });

  test.each([
    ['', 'empty'],
    [GUID, 'a GUID by itself'],
    [`2516999999999999999_${GUID}`, "Defender for Cloud's"],
    [`dc2516999999999999999_${GUID}`, "Defender for Cloud's with its prefix"],
    ['1e5bc9d7e413ddd7902c2932e418702b84d0cc07', "a machine's"],
    ['924565', "an incident's"],
    ['DA637472900382838869_1364969609', 'a prefix in capitals'],
    ['da637472900382838869_', 'no suffix'],
    ['da637472900382838869-1364969609', 'another separator'],
    ['da637472900382838869_1364969609\n', 'a line break behind'],
    ['da637472900382838869_1364969609\r\nx', 'a line behind'],
    ['\nda637472900382838869_1364969609', 'a line break before'],
    ['da637472900382838869_1364969609/../x', 'a path'],
    ['da637472900382838869_1364969609%00', 'an escape'],
    [`da637472900382838869_${'1'.repeat(21)}`, 'too long a suffix'],
    [`da${'6'.repeat(200)}_1`, 'too long'],
    ['da６３７４７２９００３８２８３８８６９_1364969609', 'digits of another script'],
    [637472900382838900, 'a number'],
    [null, 'null'],
    [['da637472900382838869_1364969609'], 'a list'],
  ])('%j is none: %s', (id, _why) => {
    expect(isEndpointAlertId(id)).toBe(false);
  });

  test('what fits is safe in a path as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'da0123456789_-/.%\n\r ') }), (noise) => {
        for (const id of [noise, `da637472900382838869_1${noise}`, `${noise}da637472900382838869_1`]) {
          if (isEndpointAlertId(id)) expect(encodeURIComponent(id)).toBe(id);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

test.each([
  ['ra', 'Microsoft Defender XDR'],
  ['fa', 'Microsoft Defender for Office 365'],
  ['aa', 'Microsoft Defender for Identity'],
  ['ri', 'Microsoft Defender for Identity'],
  ['ca', 'Microsoft Defender for Cloud Apps'],
  ['ad', 'Microsoft Entra ID Protection'],
  ['dl', 'Microsoft Purview Data Loss Prevention'],
  ['dc', 'Microsoft Defender for Cloud'],
  ['sn', 'Microsoft Sentinel'],
  ['ir', 'Microsoft Purview Insider Risk Management'],
])('%s is of %s', (prefix, product) => {
  for (const own of [GUID, `${GUID}_1`, '637472900382838869_-5', '0123456789abcdef'.repeat(4)]) {
    expect(otherProductOf(prefix + own)).toBe(product);
  }
  expect(otherProductOf(`${prefix}637472900382838869_1\n`)).toBeUndefined();
  expect(otherProductOf(`${prefix}637472900382838869/..`)).toBeUndefined();
});

test('only a prefixed GUID id has a second form', () => {
  expect(bareForm(`da${GUID}_1`)).toBe(`${GUID}_1`);
  expect(bareForm(`ed${GUID}_-1`)).toBe(`${GUID}_-1`);
  for (const id of [
    `${GUID}_1`,
    'da637472900382838869_1',
    '636688558380765161_1',
    `fa${GUID}_1`,
    '',
    `da${GUID}_1\n`,
  ]) {
    expect(bareForm(id)).toBeUndefined();
  }
});
