/**
 * `npm run doctor`: looks at the app with this machine's settings, without any stand-in, and prints the
 * report. `npm run doctor -- probe=ALERT_ID` makes one call to each source; the address of the alert's page
 * in the portal will do, too. The exit code is 1 on any failure.
 */

import { parseDoctorOptions } from '../shared/answers/options.js';
import { createApp } from '../shared/app/app.js';
import { asText } from '../shared/doctor/as-text.js';
import { examine } from '../shared/doctor/examine.js';
import { redactor } from './redact.js';
import { LOCAL_SETTINGS, mergeSettings, readLocalSettings } from './settings.js';

/**
 * Arguments as a query: `probe=ALERT_ID`, `--probe ALERT_ID` and `--probe=ALERT_ID` say the same. The address
 * of a page has `&` and `=` of its own.
 */
function queryOf(words: readonly string[]): string {
  const query = new URLSearchParams();
  for (let at = 0; at < words.length; at++) {
    const [name = '', ...value] = (words[at] as string).replace(/^--/, '').split('=');
    const isApart = value.length === 0 && words[at]?.startsWith('--');
    query.append(name, isApart ? (words[++at] ?? '') : value.join('='));
  }
  return query.toString();
}

async function main(): Promise<void> {
  const settings = mergeSettings(process.env, await readLocalSettings(LOCAL_SETTINGS));
  Object.assign(process.env, settings); // the identity library reads some of them there
  const { format: _, ...asked } = parseDoctorOptions(new URLSearchParams(queryOf(process.argv.slice(2))));
  const report = await examine(createApp(settings), asked);
  console.log(redactor(settings)(asText(report)));
  process.exit(report.status === 'fail' ? 1 : 0);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
