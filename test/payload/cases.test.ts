import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { RequestError } from '../../shared/base/errors.js';
import { isObject, parseJson } from '../../shared/payload/json.js';
import { toPointer } from '../../shared/payload/path.js';
import { findAlerts } from '../../shared/payload/references.js';
import { SHAPES } from '../../shared/payload/shapes/index.js';
import { plain, unknown } from '../../shared/payload/shapes/plain.js';
import { attachInvented, CASES, caseNames, payloadOf, type Right, record, rightOf } from './recorded-case.js';

const names = await caseNames();
const rights = new Map<string, Right>();
for (const name of names) {
  const right = await rightOf(name);
  if (right) rights.set(name, right);
}

describe('recorded cases', () => {
  test.each(names.filter((name) => !rights.has(name)))('%s', async (name) => {
    const { references, answer } = record(await payloadOf(name));
    expect(references).toBe(await readFile(join(CASES, name, 'references.json'), 'utf8'));
    const answerFile = join(CASES, name, 'answer.json');
    expect(answer).toBe(existsSync(answerFile) ? await readFile(answerFile, 'utf8') : undefined);
  });

  test.each([...SHAPES, plain, unknown].map(({ name }) => name))(
    'there are three cases at least of %s',
    (shape) => {
      expect(names.filter((name) => name.startsWith(`${shape}/`)).length).toBeGreaterThanOrEqual(3);
    },
  );
});

describe('cases whose right answer was written by hand', () => {
  test.each([...rights])('%s', async (name, { status, lookedUp, skipped, relatedIpsIn, says = [] }) => {
    const text = await payloadOf(name);
    if (status === 422) {
      const refused = refusalOf(text);
      expect(refused.status).toBe(422);
      for (const word of says) expect(refused.message).toContain(word);
      return;
    }
    const references = findAlerts(parseJson(text));
    const asked = references.flatMap((one) => (one.kind === 'endpoint' ? [one.alertId] : []));
    expect([...new Set(asked)]).toEqual(lookedUp);
    expect(references.filter(({ kind }) => kind !== 'endpoint')).toHaveLength(skipped ?? 0);
    expect(pointersOfRelatedIps(JSON.parse(attachInvented(text, references)))).toEqual(relatedIpsIn);
  });
});

function refusalOf(text: string): RequestError {
  try {
    findAlerts(parseJson(text));
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

/** Where a payload has `relatedIps`, in strings that are JSON as well. */
function pointersOfRelatedIps(value: unknown, path: readonly (string | number)[] = []): string[] {
  if (typeof value === 'string' && value.includes('relatedIps')) {
    return pointersOfRelatedIps(JSON.parse(value), path);
  }
  if (Array.isArray(value)) {
    return value.flatMap((element, index) => pointersOfRelatedIps(element, [...path, index]));
  }
  if (!isObject(value)) return [];
  const below = Object.entries(value).flatMap(([name, content]) =>
    pointersOfRelatedIps(content, [...path, name]),
  );
  return Object.hasOwn(value, 'relatedIps') ? [toPointer(path), ...below] : below;
}
