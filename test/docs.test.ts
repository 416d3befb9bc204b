import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { DOCUMENTS, regenerate } from '../scripts/docs.js';

test.each(DOCUMENTS)('%s is current: npm run docs changes nothing', async (document) => {
  expect(await readFile(document, 'utf8')).toBe(await regenerate(document));
});
