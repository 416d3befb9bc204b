import fc from '../support/properties.js';

/** Alert ids and what only looks like one. */
const IDS = [
  'da637472900382838869_1364969609',
  'da637308392288907382_-880718168',
  'dac6a87bc6-1a2b-4c3d-8e4f-000000000001_1',
  '636688558380765161_2136280442',
  'fa5f3a1c9e-0000-4000-8000-000000000001',
  '2516999999999999999_5a5a5a5a-0000-4000-8000-000000000001',
  'da637472900382838869_1364969609\\n',
  '../da637472900382838869_1',
  'da637472900382838869%00_1',
];

/** Names that shapes and wrappers look at, and names that are dangerous or written oddly. */
const NAMES = [
  ...['id', 'alertId', 'alertIds', 'AlertId', 'value', 'alerts', 'alert', 'enrichment', 'providerAlertId'],
  ...[
    'machineId',
    'detectionSource',
    'evidence',
    'ipAddress',
    'serviceSource',
    'incidentName',
    'displayName',
  ],
  ...[
    'Body',
    'body',
    'context',
    'data',
    'specversion',
    'eventType',
    'subject',
    'rawJSON',
    'object',
    'properties',
  ],
  ...['SystemAlertId', 'WorkspaceSubscriptionId', 'VendorOriginalId', 'ProviderName', 'Entities', 'kind'],
  ...['tables', 'columns', 'rows', 'name', 'records', 'category', 'sid', 'result', 'cef', 'container_id'],
  ...[
    'class_uid',
    'finding_info',
    'uid',
    'event',
    'dataset',
    'sourceRef',
    'source',
    'LinkToWDATP',
    'subscriptionId',
  ],
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    '',
    'a/b',
    'c~d',
    '\\u0069d',
    'al\\u0065rtId',
    '\\ud800',
  ],
];

const blank = fc.constantFrom('', '', '', ' ', '\n', '\t', '\r\n  ');

const stringText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...IDS).map((id) => `"${id}"`) },
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => JSON.stringify(text)),
  fc.constantFrom(
    '"\\ud800"',
    '"\\/\\u0041\\""',
    '"198.51.100.7"',
    '"AdvancedHunting-AlertInfo"',
    '"SecurityAlert"',
  ),
);

const numberText = fc.constantFrom(
  '0',
  '-0',
  '1.0',
  '9007199254740993',
  '12345678901234567890',
  '1e400',
  '2004',
);

/**
 * JSON as text, with everything that parsing loses: blanks, escapes, members of one name, numbers
 * beyond 2^53. JSON texts also stand as strings in it.
 *
 * @param names more names to choose from
 */
export function jsonTexts(names: readonly string[] = []): fc.Arbitrary<string> {
  const name = fc.constantFrom(...NAMES, ...names).map((text) => `"${text}"`);
  return fc.letrec<{ value: string }>((tie) => {
    const value = tie('value');
    const list = (items: fc.Arbitrary<string>, open: string, close: string) =>
      fc
        .tuple(blank, fc.array(fc.tuple(blank, items, blank), { maxLength: 5 }))
        .map(([only, all]) =>
          all.length > 0 ? open + all.map((parts) => parts.join('')).join(',') + close : open + only + close,
        );
    const memberText = fc
      .tuple(name, blank, blank, value)
      .map(([key, a, b, text]) => `${key}${a}:${b}${text}`);
    return {
      value: fc.oneof(
        { maxDepth: 5, depthSize: 'medium' },
        stringText,
        numberText,
        fc.constantFrom('true', 'false', 'null'),
        { weight: 6, arbitrary: list(memberText, '{', '}') },
        { weight: 3, arbitrary: list(value, '[', ']') },
        { weight: 2, arbitrary: value.map((text) => JSON.stringify(text)) },
      ),
    };
  }).value;
}
