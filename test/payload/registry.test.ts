import { describe, expect, test } from '@jest/globals';
import { shapesTable } from '../../scripts/docs-tables.js';
import { isObject, JsonTexts } from '../../shared/payload/json.js';
import { ALL_SHAPES, SHAPES } from '../../shared/payload/shapes/index.js';
import fc from '../support/properties.js';
import { jsonTexts } from './json-texts.js';
import { caseNames, payloadOf } from './recorded-case.js';

/** Every object in a value, itself included. */
function* objectsIn(value: unknown): Generator<Record<string, unknown>> {
  if (isObject(value)) yield value;
  if (typeof value === 'object' && value !== null) {
    for (const content of Object.values(value)) yield* objectsIn(content);
  }
}

function checkTelltales(payload: unknown): void {
  for (const object of objectsIn(payload)) {
    for (const { name, telltales, find } of SHAPES) {
      if (find(object, new JsonTexts()) && !telltales.some((telltale) => Object.hasOwn(object, telltale))) {
        throw new Error(`${name} recognises an object without its telltales: ${JSON.stringify(object)}`);
      }
    }
  }
}

describe('the registry of shapes', () => {
  test('what a shape recognises has one of its telltales', async () => {
    for (const name of await caseNames()) {
      if (!name.startsWith('bad-input/')) checkTelltales(JSON.parse(await payloadOf(name)));
    }
    fc.assert(
      fc.property(jsonTexts(SHAPES.flatMap(({ telltales }) => telltales)), (text) =>
        checkTelltales(JSON.parse(text)),
      ),
      { numRuns: 2000 },
    );
  });

  test('names are unique, and each is in the table for the docs', () => {
    const names = ALL_SHAPES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const table = shapesTable();
    for (const name of names) expect(table).toContain(`| \`${name}\` |`);
    expect(
      new Set(
        table
          .trim()
          .split('\n')
          .map((line) => line.replaceAll('\\|', '').split('|').length),
      ),
    ).toEqual(new Set([5]));
  });
});
