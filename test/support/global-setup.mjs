import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildDocsPage } from '../../scripts/docs-page.mjs';

/** The page of /api/docs is read from where the build puts it; the built app is for instances (instance/built.ts). */
export default async function setUp() {
  const folder = await mkdtemp(join(tmpdir(), 'tested-app-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  process.env.TESTED_APP = folder;
  await buildDocsPage('dist/docs-page');
}
