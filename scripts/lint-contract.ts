/** `npm run lint:contract`: writes both documents down as the app makes them, and lets Redocly read them. */
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { openApiDocument } from '../shared/contract/openapi.js';
import { swaggerDocument } from '../shared/contract/swagger.js';

const BASE = 'https://app.contoso.example/api';
const FOLDER = 'reports/contract';

await mkdir(FOLDER, { recursive: true });
const documents = { 'openapi.json': openApiDocument(BASE), 'swagger.json': swaggerDocument(BASE) };
for (const [name, document] of Object.entries(documents)) {
  await writeFile(`${FOLDER}/${name}`, JSON.stringify(document, null, 2));
}
const files = Object.keys(documents).map((name) => `${FOLDER}/${name}`);
const { status } = spawnSync('redocly', ['lint', ...files], {
  stdio: 'inherit',
  env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
});
process.exit(status ?? 1);
