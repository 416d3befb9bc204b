import { parseJson } from '../../shared/payload/json.js';
import { SHAPES } from '../../shared/payload/shapes/index.js';
import { caseNames, payloadOf } from '../payload/recorded-case.js';
import { alertIds } from '../support/alert-ids.js';

/** A post made by size. */
export interface FuzzPost {
  /** How it was made, in a line. */
  readonly what: string;
  readonly text: string;
}

type Random = () => number;
/** Makes the value that something is filled with, of about so many bytes. */
type Filling = (random: Random, bytes: number) => string;

/** More than the largest body that is taken. */
const MOST_BYTES = 21 * 1024 * 1024;
const MOST_IDS = 10_001;
const MOST_ELEMENTS = 1_000_000;
/** Few enough that most are answered from the cache after the first minute. */
const KNOWN_IDS = alertIds(60);

/** Text that begins as something does that the app looks for. It is repeated. */
const JUNK = [
  ...[':', '[', ']', '{', '}', '"', '\\', ',', ' ', '\n', '\u0000', 'é', '\ud800', 'a', '0', '.', '/', '~'],
  ...['{"a":', '[[', '{"id":"', '[{"', '\\"', '\\u0041', '9'.repeat(40), '1.', '1e', '-', 'null,', 'NaN'],
  ...['198.51.100.', '::ffff:', 'fe80::1%', '1:2:', '0x7f.', 'da637472900382838869_', 'https://a/alerts/'],
];

/** What stands in a list, many times. */
const ELEMENTS = [
  ...[
    'null',
    '0',
    '""',
    '{}',
    '[]',
    'true',
    '":"',
    '"x"',
    '"198.51.100.7"',
    '"::1%x"',
    '-1e400',
    '[[]]',
    '{"":{}}',
  ],
  ...['{"id":"x"}', '{"id":null}', '{"alertId":{}}', '"{\\"a\\":"', '"[1"', '{"a":1,"a":2}', '9'.repeat(300)],
];

const FILLINGS: Readonly<Record<string, Filling>> = {
  'repeated text': (random, bytes) => {
    const part = pick(random, JUNK);
    return JSON.stringify(part.repeat(Math.max(1, Math.floor(bytes / Buffer.byteLength(part)))));
  },
  'JSON in a string that is cut off': (random, bytes) => {
    const json = list(random, bytes / 2, pick(random, ELEMENTS));
    return JSON.stringify(json.slice(0, Math.floor(json.length * random())));
  },
  'JSON in a string': (random, bytes) => JSON.stringify(list(random, bytes / 2, pick(random, ELEMENTS))),
  'many elements': (random, bytes) => list(random, bytes, pick(random, ELEMENTS)),
  'many members': (_random, bytes) => {
    const count = Math.min(MOST_ELEMENTS, Math.ceil(bytes / 12));
    return `{${Array.from({ length: count }, (_, n) => `"n${n}":${n}`).join(',')}}`;
  },
  'a name around ids': (random, bytes) => {
    const name = pick(random, JUNK).repeat(bytes).slice(0, Math.min(1_000_000, bytes));
    return `{${JSON.stringify(name)}:{"alertIds":${ids(random, pick(random, [1, 10, 1_000, 10_000]))}}}`;
  },
  'names in names': (random, bytes) => {
    const name = 'n'.repeat(Math.ceil(bytes / 90));
    return `${`{"${name}":`.repeat(80)}${ids(random, 100)}${'}'.repeat(80)}`;
  },
  ids: (random, bytes) => ids(random, Math.min(MOST_IDS, Math.ceil(bytes / 35))),
  'a small number': (random) => pick(random, ['null', '0', '-1', 'true', '""', '{}', '[]', '1e400']),
  'a long number': (_random, bytes) => '7'.repeat(Math.max(1, bytes)),
  'deep nesting': (random, bytes) => {
    const [open, close] = pick(random, [
      ['[', ']'] as const,
      ['{"a":', '}'] as const,
      ['{"body":', '}'] as const,
    ]);
    const depth = pick(random, [90, 99, 100, 101, 1_000, Math.ceil(bytes / 6)]);
    return open.repeat(depth) + ids(random, 1) + close.repeat(depth);
  },
  'strings in strings': (random, bytes) => {
    let text = list(random, bytes / 16, pick(random, ELEMENTS));
    for (let layer = 0; layer < 4 && text.length < bytes; layer++) text = JSON.stringify(text);
    return JSON.stringify(text);
  },
  'what is no JSON': (random, bytes) => pick(random, JUNK).repeat(Math.max(1, Math.ceil(bytes / 8))),
};

/** Makes the nth post of a seed, always the same: sizes and what is filled differ, shapes are those known. */
export async function postMaker(): Promise<(random: Random) => FuzzPost> {
  const cases: { name: string; payload: unknown }[] = [];
  for (const name of await caseNames()) {
    if (name.startsWith('bad-input/')) continue;
    cases.push({ name, payload: parseJson(await payloadOf(name)) });
  }
  return (random) => {
    const bytes = Math.floor(10 ** (3 + random() * Math.log10(MOST_BYTES / 1_000)));
    const [filling, fill] = pick(random, Object.entries(FILLINGS));
    const size = `${filling} of ${bytes} bytes`;
    if (random() < 0.25) {
      const { name, telltales } = pick(random, SHAPES);
      const shared = telltales.map(
        (member) => `${JSON.stringify(member)}:${fill(random, bytes / telltales.length)}`,
      );
      return { what: `every telltale of ${name} is ${size}`, text: `{${shared.join(',')}}` };
    }
    const { name, payload } = pick(random, cases);
    const places = placesIn(payload);
    const place = pick(random, places);
    return {
      what: `${name} whose /${place.join('/')} is ${size}`,
      text: replaced(payload, place, fill(random, bytes)),
    };
  };
}

/** Where something stands in a payload: every object, list and value, itself included. */
function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, inner]) => placesIn(inner, [...path, name]))];
}

/** A payload's JSON with something else at a place. */
function replaced(payload: unknown, place: readonly string[], text: string): string {
  const mark = 'fuzz-stands-here';
  const put = (value: unknown, [step, ...rest]: readonly string[]): unknown => {
    if (step === undefined) return mark;
    if (Array.isArray(value)) return value.map((inner, n) => (String(n) === step ? put(inner, rest) : inner));
    const members = Object.entries(value as object);
    return Object.fromEntries(
      members.map(([name, inner]) => [name, name === step ? put(inner, rest) : inner]),
    );
  };
  return JSON.stringify(put(payload, place)).replace(`"${mark}"`, () => text);
}

function ids(random: Random, count: number): string {
  const known = Math.floor(random() * 2) * KNOWN_IDS.length;
  const others = random() < 0.5 ? alertIds(Math.max(1, count - known), Math.floor(random() * 1e8)) : [];
  const all = [...KNOWN_IDS.slice(0, known), ...others, ...KNOWN_IDS.slice(0, 1)];
  return JSON.stringify(Array.from({ length: count }, (_, n) => all[n % all.length]));
}

function list(_random: Random, bytes: number, element: string): string {
  const count = Math.min(MOST_ELEMENTS, Math.max(1, Math.floor(bytes / (element.length + 1))));
  return `[${Array(count).fill(element).join(',')}]`;
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}
