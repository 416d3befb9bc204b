import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { runCommand } from '../local/command.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'package-'));
  await mkdir(join(folder, 'dist'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a package in which no chunk and no code cache is found is not taken for a good one', async () => {
  await writeFile(join(folder, 'dist/app.cjs'), '');
  const { stderr, code } = await runCommand('scripts/check-package.ts', { env: {}, args: [folder] });
  expect(stderr).toContain('has 1 chunks, of which 0 have a code cache');
  expect(code).toBe(1);
});
