import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ALL_SHAPES } from '../../shared/payload/shapes/index.js';
import { CASES, caseNames, payloadOf, record } from './recorded-case.js';

const names = await caseNames();

describe('recorded cases', () => {
  test.each(names)('%s', async (name) => {
    const { references, answer } = record(await payloadOf(name));
    expect(references).toBe(await readFile(join(CASES, name, 'references.json'), 'utf8'));
    const answerFile = join(CASES, name, 'answer.json');
    expect(answer).toBe(existsSync(answerFile) ? await readFile(answerFile, 'utf8') : undefined);
  });

  test.each(ALL_SHAPES.map(({ name }) => name))('there are three cases at least of %s', (shape) => {
    expect(names.filter((name) => name.startsWith(`${shape}/`)).length).toBeGreaterThanOrEqual(3);
  });
});
