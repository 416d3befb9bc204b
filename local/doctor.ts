/**
 * `npm run doctor`: looks at the app with this machine's settings, without any stand-in, and prints the report.
 * `npm run doctor -- probe=ALERT_ID` makes one call to Defender; the address of the alert's page in the portal will do, too.
 * The exit code is 1 on any failure.
 */

import { parseDoctorOptions } from '../shared/answers/options.js';
import { createApp } from '../shared/app/app.js';
import { asText } from '../shared/doctor/as-text.js';
import { examine } from '../shared/doctor/examine.js';
import { redactor } from './redact.js';
import { LOCAL_SETTINGS, mergeSettings, readLocalSettings } from './settings.js';

/** An argument as a part of a query: the address of a page has `&` and `=` of its own. */
function asQuery(argument: string): string {
  const [name = '', ...value] = argument.split('=');
  return `${encodeURIComponent(name)}=${encodeURIComponent(value.join('='))}`;
}

async function main(): Promise<void> {
  const settings = mergeSettings(process.env, await readLocalSettings(LOCAL_SETTINGS));
  Object.assign(process.env, settings); // the identity library reads some of them there
  const { probe } = parseDoctorOptions(new URLSearchParams(process.argv.slice(2).map(asQuery).join('&')));
  const report = await examine(createApp(settings), probe);
  console.log(redactor(settings)(asText(report)));
  process.exit(report.status === 'fail' ? 1 : 0);
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
