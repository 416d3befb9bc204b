import { readFile } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import { BUILT } from './builds.js';
import { judged, type Row } from './measure.js';

const MOST_MB = 3;
/** What is deployed, zipped. */
export async function sizeRows(): Promise<Row[]> {
  const zip = await readFile(BUILT.zip);
  const mb = zip.length / 1e6;
  const files = Object.keys(unzipSync(zip)).length;
  return [judged('`out/app.zip`', `${mb.toFixed(2)} MB, ${files} files`, `≤ ${MOST_MB} MB`, mb <= MOST_MB)];
}
