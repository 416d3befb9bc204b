/**
 * Part of `npm run docs`: writes what is deployed beside the app and made of its own tables: alert rules, the workbook,
 * the Logic Apps connector. test/deploy/artefacts.test.ts checks that they are current. The Bicep files load the first
 * two; deploy/azuredeploy.json is compiled of them (scripts/ci/dotnet-tools.sh).
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { alertsFile } from './artefacts/alert-rules.js';
import { connectorFile } from './artefacts/connector.js';
import { workbookFile } from './artefacts/workbook.js';

/** Each file, as it has to be. */
export async function artefacts(): Promise<Readonly<Record<string, string>>> {
  const { version } = JSON.parse(await readFile('package.json', 'utf8'));
  return {
    'monitoring/alerts.json': alertsFile(),
    'monitoring/workbook.workbook': workbookFile(),
    'connector/azuredeploy.json': connectorFile(version),
  };
}

const isCommand = process.argv[1] === fileURLToPath(import.meta.url);
if (isCommand) for (const [path, text] of Object.entries(await artefacts())) await writeFile(path, text);
