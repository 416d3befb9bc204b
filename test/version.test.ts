import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { APP_NAME, VERSION } from '../shared/base/version.js';

test('name and version in the code are those in package.json', async () => {
  const { name, version } = JSON.parse(await readFile('package.json', 'utf8'));
  expect([APP_NAME, VERSION]).toEqual([name, version]);
});
