import { describe, expect, test } from '@jest/globals';
import { RequestError } from '../../shared/base/errors.js';
import { parseJson } from '../../shared/payload/json.js';
import { findAlerts } from '../../shared/payload/references.js';
import { type Attachment, attachRelatedIps } from '../../shared/payload/splice.js';
import fc from '../support/properties.js';
import { jsonTexts } from './json-texts.js';
import { caseNames, payloadOf } from './recorded-case.js';

const RUNS = { numRuns: 1_000 };
const IPS = ['192.0.2.77', '2001:db8::77'];

/** Where the alerts' IPs go; none where there is no alert. Anything thrown but a RequestError fails. */
function attachmentsOf(text: string, ips = IPS): Attachment[] {
  try {
    return findAlerts(parseJson(text)).flatMap((reference) =>
      reference.kind === 'endpoint' && reference.attachTo ? [{ path: reference.attachTo, ips }] : [],
    );
  } catch (error) {
    expect(error).toBeInstanceOf(RequestError);
    return [];
  }
}

/** A payload without any `relatedIps`, through JSON strings too. */
function withoutRelatedIps(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutRelatedIps);
  if (typeof value === 'string') {
    try {
      const parsed = JSON.parse(value);
      return typeof parsed === 'object' || typeof parsed === 'string' ? [withoutRelatedIps(parsed)] : value;
    } catch {
      return value;
    }
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value).flatMap(([name, content]) =>
    name === 'relatedIps' ? [] : [[name, withoutRelatedIps(content)]],
  );
}

/** What is at a path, through JSON strings. */
function at(value: unknown, path: readonly (string | number)[]): unknown {
  let here = value;
  const open = () => {
    while (typeof here === 'string') here = JSON.parse(here);
  };
  for (const step of path) {
    open();
    here = (here as Record<string | number, unknown>)[step];
  }
  open();
  return here;
}

/** The text without what was attached, at any depth of escaping. */
function cut(text: string): string {
  return text.replace(/,?(\\*)"relatedIps\1":\[\1"192\.0\.2\.77\1",\1"2001:db8::77\1"\]/g, '');
}

function checkAttaching(text: string): void {
  const attachments = attachmentsOf(text);
  const attached = attachRelatedIps(text, attachments);
  const payload = JSON.parse(text);
  const parsed = JSON.parse(attached);
  expect(withoutRelatedIps(parsed)).toEqual(withoutRelatedIps(payload));
  for (const { path } of attachments) {
    expect((at(parsed, path) as { relatedIps: unknown }).relatedIps).toEqual(IPS);
  }
  if (!text.includes('latedIps')) expect(cut(attached)).toBe(text);

  expect(attachmentsOf(attached)).toEqual(attachments); // the alerts are still found, in the same places
  expect(attachRelatedIps(attached, attachments)).toBe(attached);
  const others = ['203.0.113.1'];
  const replaced = attachRelatedIps(attached, attachmentsOf(text, others));
  if (attachments.length > 0 && !text.includes('latedIps')) expect(replaced).not.toContain(IPS[0]);
  expect(attachRelatedIps(replaced, attachments)).toBe(attached);
}

describe('any JSON', () => {
  test('gives alerts or a RequestError, and attaching changes nothing else', () => {
    let [runs, withAlerts] = [0, 0];
    const property = fc.property(jsonTexts(), (text) => {
      runs++;
      if (attachmentsOf(text).length > 0) withAlerts++;
      checkAttaching(text);
    });
    fc.assert(property, RUNS);
    expect(withAlerts).toBeGreaterThan(runs / 20); // else it shows nothing
  });

  test('the same with relatedIps in it already', () => {
    fc.assert(fc.property(jsonTexts(['relatedIps', 'relatedIps', 'r\\u0065latedIps']), checkAttaching), RUNS);
  });

  test('leaves prototypes alone', () => {
    const names = () => [Object.prototype, Array.prototype, Map.prototype].map(Object.getOwnPropertyNames);
    const before = names();
    fc.assert(
      fc.property(jsonTexts(['__proto__', '__proto__', 'constructor', 'prototype']), (text) => {
        attachRelatedIps(text, attachmentsOf(text));
      }),
      RUNS,
    );
    expect(names()).toEqual(before);
    expect(({} as { id?: unknown }).id).toBeUndefined();
  });
});

describe('recorded payloads', () => {
  test('are changed by nothing but relatedIps', async () => {
    for (const name of await caseNames()) {
      if (!name.startsWith('bad-input/')) checkAttaching(await payloadOf(name));
    }
  });
});

describe('errors', () => {
  test('never tell what is in the payload', () => {
    const canary = 'canary7c1d';
    const damaged = fc
      .tuple(
        jsonTexts([canary]),
        fc.nat(),
        fc.constantFrom('', '"', '\\', '{', ']', ',', '\u0001', `'${canary}'`),
      )
      .map(([text, place, damage]) => {
        const index = place % (text.length + 1);
        return `${text.slice(0, index)}${damage}${text.slice(index + 1)} "${canary}`;
      });
    fc.assert(
      fc.property(damaged, (text) => {
        try {
          findAlerts(parseJson(text));
        } catch (error) {
          expect(error).toBeInstanceOf(RequestError);
          expect((error as RequestError).message).not.toContain('canary');
          expect((error as RequestError).cause).toBeUndefined();
        }
      }),
      RUNS,
    );
  });

  test('say where, whatever the payload says of positions', () => {
    expect(() => parseJson('{"a":1,\n "b": x at position 99}')).toThrow(
      /^The body is not JSON( \(line 2, column \d+\))?\. Post/,
    );
    expect(() => parseJson('{"a":1}\n\n  }')).toThrow('The body is not JSON (line 3, column 3). ');
  });
});
