import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { RequestError } from '../../shared/base/errors.js';
import { canonicalIpAddress } from '../../shared/base/ip-address.js';
import { atOnce, inTurns, type Steps } from '../../shared/base/steps.js';
import { parseJson, parsingJson } from '../../shared/payload/json.js';
import { LONGEST_POINTER, toPointer } from '../../shared/payload/path.js';
import { type AlertReference, findAlerts, findingAlerts } from '../../shared/payload/references.js';
import { PIECE } from '../../shared/payload/scan.js';
import { attachingRelatedIps, attachRelatedIps } from '../../shared/payload/splice.js';
import fc from '../support/properties.js';
import { jsonTexts } from './json-texts.js';

const ALERT_ID = 'da637472900382838869_1364969609';
const alertId = (n: number) => `da637472900382838869_${n}`;

afterEach(() => {
  jest.restoreAllMocks();
});

/** The references, or the kind of the refusal. */
function outcome(payload: unknown): string | readonly AlertReference[] {
  try {
    return findAlerts(payload);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    expect(error.message.length).toBeLessThan(1_000);
    return error.kind;
  }
}

// With work that grows as the square of the repetitions, these would take hours.
test.each([
  ['strings', { note: Array(500_000).fill(ALERT_ID) }],
  ['one string', { note: `${ALERT_ID} `.repeat(25_000) }],
])('an id repeated without end in %s is one alert', (_, payload) => {
  expect(outcome(payload)).toMatchObject([{ kind: 'endpoint', alertId: ALERT_ID }]);
});

describe('names of any length around any number of ids', () => {
  const ids = (count: number) => Array.from({ length: count }, (_, n) => alertId(n));

  test.each([1_000, 10_000, 100_000, 1_000_000])(
    'of %i characters: refused, and no pointer is made',
    (length) => {
      for (const character of ['a', '~', '/', 'é']) {
        for (const count of [1, 100, 10_000]) {
          expect(outcome({ [character.repeat(length)]: { ids: ids(count) } })).toBe('invalid-body');
        }
      }
      expect(outcome({ ['a'.repeat(length)]: { x: { serviceSource: 's', id: ALERT_ID } } })).toBe(
        'invalid-body',
      );
      expect(outcome({ ['a'.repeat(length)]: 1, id: ALERT_ID })).toHaveLength(1); // not around it
    },
  );

  test('what is taken has pointers of a thousand characters at most, escapes included', () => {
    const fits = 'a'.repeat(LONGEST_POINTER - '//ids/9999'.length);
    const found = outcome({ [fits]: { ids: ids(10_000) } }) as readonly AlertReference[];
    expect(found).toHaveLength(10_000);
    expect(Math.max(...found.map(({ path }) => toPointer(path).length))).toBe(LONGEST_POINTER);
    expect(outcome({ [`${fits}a`]: { ids: ids(10_000) } })).toBe('invalid-body');
    expect(outcome({ ['~'.repeat(480)]: { id: ALERT_ID } })).toHaveLength(1);
    expect(outcome({ ['~'.repeat(520)]: { id: ALERT_ID } })).toBe('invalid-body');
    expect(outcome(nested(90, { id: ALERT_ID }))).toHaveLength(1);
  });

  function nested(levels: number, inner: unknown): unknown {
    return levels === 0 ? inner : { level: nested(levels - 1, inner) };
  }
});

describe('what only looks like something is tried a bounded number of times', () => {
  /** How many errors are made meanwhile; the address library makes one for each text that is none. */
  function errorsMade(work: () => void): number {
    const { Error: Original } = globalThis;
    let made = 0;
    globalThis.Error = new Proxy(Original, {
      construct(target, args, newTarget) {
        made++;
        return Reflect.construct(target, args, newTarget) as object;
      },
    });
    try {
      work();
    } finally {
      globalThis.Error = Original;
    }
    return made;
  }

  const bad = [
    ':',
    '1:2',
    '::1::',
    'fe8g::1%',
    '1.2.3.4:',
    'g::',
    '1:2:3:4:5:6:7:8:9',
    '::ffff:1.2.3.256',
    '1.2.3',
    'x',
  ];

  test('a text that is no address costs no exception', () => {
    expect(errorsMade(() => new Error('counted'))).toBe(1);
    const made = errorsMade(() => {
      for (const text of bad) expect(canonicalIpAddress(text)).toBeUndefined();
    });
    expect(made).toBe(0);
  });

  test.each<[string, (values: string[]) => unknown]>([
    [
      'evidence',
      (values) => ({
        id: ALERT_ID,
        machineId: 'm',
        detectionSource: 'd',
        evidence: values.map((ipAddress) => ({ ipAddress })),
      }),
    ],
    [
      'related.ip',
      (values) => ({ event: { id: ALERT_ID, dataset: 'm365_defender.alert' }, related: { ip: values } }),
    ],
    [
      'observables',
      (values) => ({
        source: 's',
        sourceRef: ALERT_ID,
        observables: values.map((data) => ({ dataType: 'ip', data })),
      }),
    ],
    [
      'artifacts',
      (values) => ({
        source_data_identifier: ALERT_ID,
        artifacts: values.map((sourceAddress) => ({ container_id: 1, cef: { sourceAddress } })),
      }),
    ],
  ])(
    'bad addresses in %s, 200,000 different ones: a good one behind the first thousand is found',
    (_, payloadOf) => {
      const values = Array.from({ length: 200_000 }, (_, n) => `${bad[n % bad.length]}${n}:`);
      values[1_000] = '198.51.100.7';
      const made = errorsMade(() => {
        expect(outcome(payloadOf(values))).toMatchObject([
          { alertId: ALERT_ID, payloadIps: ['198.51.100.7'] },
        ]);
      });
      expect(made).toBe(0);
    },
  );

  test.each(['[', '{', '"', '{"a":', '[1,2', '{a}', '[x]', '[1;2]]x', '{"a"', '{]', '"a', '[}'])(
    '%j in 200,000 strings is refused by its first and last characters',
    (text) => {
      const payload = { x: Array(200_000).fill(text), id: ALERT_ID };
      const parse = jest.spyOn(JSON, 'parse');
      expect(outcome(payload)).toHaveLength(1);
      expect(parse.mock.calls.length).toBe(0);
    },
  );

  test('texts that begin and end like JSON and are none: some thousand are tried, more are refused', () => {
    const payload = (count: number) => ({ x: Array(count).fill('{"a":1;}'), id: ALERT_ID });
    expect(outcome(payload(10_000))).toHaveLength(1);
    const parse = jest.spyOn(JSON, 'parse');
    expect(outcome(payload(200_000))).toBe('invalid-body');
    expect(parse.mock.calls.length).toBeLessThan(10_100);
  });
});

describe('what is attached', () => {
  const places = (count: number) =>
    `[${Array.from({ length: count }, () => `{"id":"${ALERT_ID}","machineId":"m","detectionSource":"d"}`).join(',')}]`;
  const ips = Array.from({ length: 300 }, (_, n) => `192.0.2.${n}`);

  test('one alert in 9,999 places: its list is written once, and the length has a limit', () => {
    const text = places(9_999);
    const references = findAlerts(JSON.parse(text));
    const attachments = references.map(({ path }) => ({ path, ips }));
    const stringify = jest.spyOn(JSON, 'stringify');
    const whole = attachRelatedIps(text, attachments);
    expect(stringify.mock.calls.length).toBe(1);
    expect(whole.length).toBeGreaterThan(30_000_000);
    expect(atOnce(attachingRelatedIps(text, attachments, whole.length))).toBe(whole);
    expect(atOnce(attachingRelatedIps(text, attachments, whole.length - 1))).toBeUndefined();
    expect(atOnce(attachingRelatedIps(text, attachments, text.length))).toBeUndefined();
    expect(atOnce(attachingRelatedIps(text, [], text.length - 1))).toBeUndefined();
  });

  test('the limit counts what quotes take in strings within strings', () => {
    let text = places(3);
    for (let layer = 0; layer < 4; layer++) text = JSON.stringify(text);
    const attachments = findAlerts(JSON.parse(text)).map(({ path }) => ({ path, ips }));
    const whole = attachRelatedIps(text, attachments);
    expect(whole.length).toBeGreaterThan(text.length + 3 * 300 * 2 * 16); // sixteen characters for a quote
    expect(atOnce(attachingRelatedIps(text, attachments, whole.length))).toBe(whole);
    expect(atOnce(attachingRelatedIps(text, attachments, whole.length - 1))).toBeUndefined();
  });

  test('lists of several alerts in one object are one list', () => {
    const text = '{"ids":["a","b"]}';
    const attachments = [['192.0.2.1', '192.0.2.2'], ['192.0.2.2', '192.0.2.3'], []].map((ips) => ({
      path: [],
      ips,
    }));
    expect(attachRelatedIps(text, attachments)).toBe(
      '{"ids":["a","b"],"relatedIps":["192.0.2.1","192.0.2.2","192.0.2.3"]}',
    );
  });
});

/** A payload of a megabyte that has as many values as fit in. */
const SIZE = 1_000_000;
const fill = (element: string) =>
  `[${Array(Math.floor(SIZE / (element.length + 1)))
    .fill(element)
    .join(',')}]`;

/** Runs to the end; an error is one of ours. */
function pauses(steps: Steps<unknown>): number {
  let count = 0;
  try {
    while (!steps.next().done) count++;
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
  }
  return count;
}

describe('work pauses, whatever the payload is filled with', () => {
  const alert = `"id":"${ALERT_ID}","machineId":"m","detectionSource":"d"`;
  test.each<[string, string, number]>([
    ['empty objects', fill('{}'), 250],
    ['empty lists', fill('[]'), 250],
    ['numbers', fill('7'), 250],
    ['strings', `{"x":${fill('"x"')}}`, 250],
    [
      'members',
      `[${Array(4)
        .fill(`{${Array.from({ length: 100_000 }, (_, n) => `"${n}x":1`).join(',')}}`)
        .join(',')}]`,
      400,
    ],
    ['addresses that are none', `{${alert},"evidence":${fill('{"ipAddress":":"}')}}`, 50],
    [
      'artifacts that are no alerts',
      `{"source_data_identifier":"1","artifacts":${fill('{"cef":{},"container_id":1}')}}`,
      25,
    ],
    ['rows that are no alerts', `{"tables":[{"columns":[{"name":"AlertId"}],"rows":${fill('[""]')}}]}`, 25],
    [
      'records that are no alerts',
      `{"records":${fill('{"category":"AdvancedHunting-DeviceEvents","properties":{}}')}}`,
      25,
    ],
    ['events', fill('{"specversion":"1.0","data":{}}'), 50],
    ['lists in members "value"', fill('{"value":[]}'), 75],
    ['text within text', JSON.stringify({ body: fill('{}') }), 250],
    ['text of another shape', JSON.stringify({ rawJSON: `{"x":${fill('{}')}}` }), 25],
    ['notifications', `{"value":${fill('{"subscriptionId":1}')}}`, 50],
  ])('%s', (_, text, atLeast) => {
    expect(pauses(parsingJson(text))).toBeGreaterThan(text.length / PIECE / 2);
    expect(pauses(findingAlerts(JSON.parse(text)))).toBeGreaterThan(atLeast);
    const attaching = attachingRelatedIps(text, [
      { path: ['no', 'such'], ips: [] },
      { path: [9_999_999], ips: [] },
    ]);
    expect(pauses(attaching)).toBeGreaterThan(text.length / PIECE / 2);
  });

  test.each([
    ['one string', JSON.stringify({ alertId: ALERT_ID, text: 'x'.repeat(SIZE) })],
    ['one string of escapes', JSON.stringify({ alertId: ALERT_ID, text: '"\\'.repeat(SIZE / 4) })],
    [
      'a string of escapes around the alert',
      JSON.stringify(JSON.stringify({ alertId: ALERT_ID, text: '"\\'.repeat(SIZE / 8) })),
    ],
  ])('%s is stepped over with pauses', (_, text) => {
    const attaching = attachingRelatedIps(text, [{ path: [], ips: ['192.0.2.1'] }]);
    expect(pauses(attaching)).toBeGreaterThan(text.length / PIECE / 4);
  });

  test('others have their turn meanwhile, and the result is the same', async () => {
    let turns = 0;
    const immediate = () => {
      turns++;
      if (turns > 0) handle = setImmediate(immediate);
    };
    let handle = setImmediate(immediate);
    const text = `{"x":${fill('{"a":[1,"b"]}')},"alertId":"${ALERT_ID}"}`;
    const payload = await inTurns(parsingJson(text));
    const references = await inTurns(findingAlerts(payload));
    clearImmediate(handle);
    expect(references).toMatchObject([{ alertId: ALERT_ID }]);
    expect(turns).toBeGreaterThan(1);
    expect(JSON.stringify(payload)).toBe(text);
  });
});

describe('a text that is read in pieces', () => {
  /** Some texts in large containers, in which other large ones stand. */
  const large = fc
    .tuple(
      fc.array(jsonTexts(), { minLength: 1, maxLength: 6 }),
      fc.nat({ max: 40 }),
      fc.constantFrom('', ' ', '\n\t '),
    )
    .map(([texts, index, blank]) => {
      const many = Array.from({ length: Math.ceil((1.5 * PIECE) / (texts.join('').length + 1)) }, () =>
        texts.join(`${blank},`),
      );
      const list = `[${many.join(`,${blank}`)}${blank}]`;
      const members = many
        .slice(0, 2_000)
        .map((_, n) => `"n${n % 1_500}"${blank}:${texts[n % texts.length]}`);
      const long = JSON.stringify('x"\\'.repeat(PIECE / 2));
      return `${blank}{"small":[1,${blank}{"a":[]}],"list":${list},${members.join(',')},"__proto__":${long},"n${index}":${list}${blank}}${blank}`;
    });

  test('comes to what JSON.parse makes of it', () => {
    fc.assert(
      fc.property(large, (text) => {
        const parsed = parseJson(text);
        expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
        expect(JSON.stringify(parsed) === JSON.stringify(JSON.parse(text))).toBe(true);
      }),
      { numRuns: 30, endOnFailure: true },
    );
  });

  test('is refused where JSON.parse refuses it, and at a place within it', () => {
    const damage = fc.constantFrom(
      '',
      ',',
      ',,',
      ']',
      '}',
      '"',
      '{',
      '[',
      ':',
      '\\',
      'x',
      '0',
      '\u0001',
      '[]',
      '{}',
    );
    fc.assert(
      fc.property(large, fc.nat(), damage, fc.nat({ max: 2 }), (text, place, part, removed) => {
        const at = place % (text.length + 1);
        const damaged = text.slice(0, at) + part + text.slice(at + removed);
        const isJson = (parse: (text: string) => unknown) => {
          try {
            parse(damaged);
            return true;
          } catch (error) {
            const { line, column } =
              /\(line (?<line>\d+), column (?<column>\d+)\)/.exec((error as Error).message)?.groups ?? {};
            if (line) expect(Number(line)).toBeLessThanOrEqual(damaged.split('\n').length);
            if (column) expect(Number(column)).toBeLessThanOrEqual(damaged.length + 1);
            return false;
          }
        };
        expect(isJson(parseJson)).toBe(isJson(JSON.parse));
      }),
      { numRuns: 120, endOnFailure: true },
    );
  });

  test.each([
    '[1,2,]',
    '{"a":1,}',
    '[,1]',
    '{,"a":1}',
    '[1 2]',
    '{"a" 1}',
    '{"a":}',
    '{a:1}',
    '[1]]',
    '{"a":1}}',
    '[1}',
    '{"a":1]',
  ])('%s is none, at any size', (text) => {
    const blanks = ' '.repeat(2 * PIECE);
    for (const long of [
      `${blanks}${text}`,
      `[${blanks}${text}]`,
      `{"x":${blanks}${text}}`,
      text.replace('1', `${blanks}1`),
      text.replace('1', `1${blanks}`),
      text.replace('1', JSON.stringify(blanks)),
    ]) {
      expect(() => JSON.parse(long)).toThrow();
      expect(() => parseJson(long)).toThrow(RequestError);
    }
  });

  test('has no array of more than a million elements', () => {
    const elements = (count: number) => `[${'[],'.repeat(count - 1)}1]`;
    expect(parseJson(elements(1_000_000))).toHaveLength(1_000_000);
    expect(() => parseJson(elements(1_000_001))).toThrow('more than 1000000 elements');
    expect(() => parseJson(`{"value":${elements(6_000_000)}}`)).toThrow('more than 1000000 elements');
  });

  test('has no object of more than 120,000 members', () => {
    const members = (count: number) =>
      `{${Array.from({ length: count }, (_, n) => `"n${n}":${n}`).join(',')}}`;
    expect(Object.keys(parseJson(members(120_000)) as object)).toHaveLength(120_000);
    expect(() => parseJson(members(120_001))).toThrow('more than 120000 members');
    expect(() => parseJson(`[${members(1_200_000)}]`)).toThrow('more than 120000 members');
  });
});
