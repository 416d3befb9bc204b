/**
 * `npm run doctor`: looks at the app with this machine's settings, without any stand-in, and prints what
 * it finds. `npm run doctor -- --probe ALERTID` makes one call to each source. The exit code is 1 on any failure.
 */

import { parseDoctorOptions } from '../shared/answers/options.js';
import { createApp } from '../shared/app/app.js';
import { asText } from '../shared/doctor/as-text.js';
import { examine } from '../shared/doctor/examine.js';
import { redactor } from './redact.js';
import { LOCAL_SETTINGS, mergeSettings, readLocalSettings } from './settings.js';

async function main(): Promise<void> {
  const settings = mergeSettings(process.env, await readLocalSettings(LOCAL_SETTINGS));
  Object.assign(process.env, settings); // the identity library reads some of them there
  const { format: _, ...asked } = parseDoctorOptions(new URLSearchParams(queryOf(process.argv.slice(2))));
  const report = await examine(createApp(settings), asked);
  console.log(redactor(settings)(asText(report)));
  process.exit(report.status === 'fail' ? 1 : 0);
}

/** Options as a query: `probe=ALERTID`, `--probe ALERTID` and `--probe=ALERTID` say the same. */
function queryOf(words: readonly string[]): string {
  return words.join('&').replaceAll(/--(\w+)[&=]/g, '$1=');
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
