/**
 * `npm run docs`: writes the parts of the documentation that the code knows better. Each stands between
 * `<!-- generated: NAME -->` and `<!-- end -->`; test/docs.test.ts checks that they are current.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DOCTOR_OPTIONS, ENRICH_OPTIONS } from '../shared/contract/options.js';
import {
  checksList,
  formatSamples,
  formatsTable,
  kindsTable,
  metricsTable,
  optionsTable,
  parametersTable,
  shapesTable,
} from './docs-tables.js';

const PARTS: Readonly<Record<string, () => string | Promise<string>>> = {
  shapes: shapesTable,
  formats: formatsTable,
  samples: formatSamples,
  metrics: metricsTable,
  templateParameters: parametersTable,
  kinds: kindsTable,
  checks: checksList,
  enrichOptions: () => optionsTable(ENRICH_OPTIONS),
  doctorOptions: () => optionsTable(DOCTOR_OPTIONS),
};

/** The documents that have generated parts. */
export const DOCUMENTS = [
  'docs/reference/formats.md',
  'docs/reference/shapes.md',
  'docs/reference/telemetry.md',
  'docs/guides/deploy.md',
  'docs/reference/http-api.md',
];

/** A document with its generated parts made anew. */
export async function regenerate(document: string): Promise<string> {
  const text = await readFile(document, 'utf8');
  const pieces = text.split(/(<!-- generated: \w+ -->\n)[\s\S]*?(<!-- end -->)/);
  const made = pieces.map(async (piece) => {
    const name = /^<!-- generated: (\w+) -->\n$/.exec(piece)?.[1];
    if (name === undefined) return piece;
    const make = PARTS[name];
    if (!make) throw new Error(`${document} wants "${name}", which nothing generates.`);
    return `${piece}${await make()}\n`;
  });
  return (await Promise.all(made)).join('');
}

const isCommand = process.argv[1] === fileURLToPath(import.meta.url);
if (isCommand) for (const document of DOCUMENTS) await writeFile(document, await regenerate(document));
