import { readFile } from 'node:fs/promises';
import { unzipSync, type Zippable, zipSync } from 'fflate';
import { BUILT } from './builds.js';
import { judged, type Row } from './measure.js';

const MOST_MB = 3;
/** The page of the documentation, whose viewer is as large as the rest. */
const DOCS_PAGE = 'dist/docs-page/';

/** What is deployed, zipped. */
export async function sizeRows(): Promise<Row[]> {
  const zip = await readFile(BUILT.zip);
  const files = unzipSync(zip);
  const apart = zippedMb(Object.entries(files).filter(([name]) => !name.startsWith(DOCS_PAGE)));
  return [
    judged(
      '`out/app.zip`, docs page apart',
      `${apart.toFixed(2)} MB (${(zip.length / 1e6).toFixed(2)} MB with it), ${Object.keys(files).length} files`,
      `≤ ${MOST_MB} MB`,
      apart <= MOST_MB,
    ),
  ];
}

function zippedMb(files: readonly (readonly [string, Uint8Array])[]): number {
  const entries: Zippable = Object.fromEntries(files);
  return zipSync(entries, { level: 9 }).length / 1e6;
}
