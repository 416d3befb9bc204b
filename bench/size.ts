import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { BUILT } from './builds.js';
import { judged, type Row } from './measure.js';

const MOST_MB = 3;
/** The page of the documentation, whose viewer is as large as the rest. */
const DOCS_PAGE = /docs|swagger|redoc/i;

/** What is deployed, zipped. */
export async function sizeRows(): Promise<Row[]> {
  const files = (await readdir(BUILT.app, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const all = await zippedMb(files);
  const apart = await zippedMb(files.filter((file) => !DOCS_PAGE.test(file)));
  return [
    judged(
      '`out/app` zipped, docs page apart',
      `${apart.toFixed(2)} MB (${all.toFixed(2)} MB with it), ${files.length} files`,
      `≤ ${MOST_MB} MB`,
      apart <= MOST_MB,
    ),
  ];
}

async function zippedMb(files: readonly string[]): Promise<number> {
  const entries = await Promise.all(
    files.map(async (file) => [file, new Uint8Array(await readFile(file))] as const),
  );
  return zipSync(Object.fromEntries(entries), { level: 9 }).length / 1e6;
}
