/** `npm start`: the built app on this machine, with stand-ins for whatever of Azure is not there. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSettings } from '../shared/app/settings.js';
import { systemClock } from '../shared/base/clock.js';
import { buildOwnApp } from './built.js';
import { KNOWN_ALERT } from './defender/alerts.js';
import { childWorker } from './host/child-worker.js';
import type { LogSink } from './host/core-api.js';
import { startHost } from './host/host.js';
import { redactor } from './redact.js';
import { LOCAL_SETTINGS, mergeSettings, readLocalSettings, type Settings } from './settings.js';
import { startStandIns } from './stand-ins.js';

async function main(): Promise<void> {
  const given = mergeSettings(process.env, await readLocalSettings(LOCAL_SETTINGS));
  const port = portOf(given);
  const standIns = await startStandIns(given, systemClock);
  const settings = mergeSettings(standIns.settings, given);
  checkSettings(settings);
  Object.assign(process.env, settings);
  const log = stderrLog(redactor(settings));
  const functionKey = settings.FUNCTION_KEY || undefined;
  const folder = await buildOwnApp();
  const host = await startHost({
    registrations: childWorker({ folder, log }),
    port,
    functionKey,
    hostJson: JSON.parse(await readFile(join(folder, 'host.json'), 'utf8')),
    hasTelemetry: Boolean(settings.APPLICATIONINSIGHTS_CONNECTION_STRING),
    log,
  }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EADDRINUSE' ? new Error(`Port ${port} is taken: set PORT to another one.`) : error;
  });

  const standing = standIns.started.length > 0 ? ` (stand-ins: ${standIns.started.join(', ')})` : '';
  console.log(`Ready: ${host.url}${standing}`);
  console.log(tryNext(host.url, functionKey !== undefined));

  const end = async (code: number) => {
    await host.close();
    await standIns.close();
    process.exit(code);
  };
  process.once('SIGTERM', () => end(0)).once('SIGINT', () => end(0));
  // The platform would start it again, and again.
  void host.ended.then(() => end(1));
}

function portOf({ PORT }: Settings): number {
  const port = Number(PORT || 7071);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new Error('PORT: must be a number from 0 to 65535.');
}

function checkSettings(settings: Settings): void {
  const parsed = parseSettings(settings);
  if (parsed.ok) return;
  throw new Error(parsed.problems.map(({ setting, message }) => `${setting}: ${message}`).join('\n'));
}

function tryNext(url: string, keyed: boolean): string {
  const key = keyed ? ` -H "x-functions-key: $FUNCTION_KEY"` : '';
  const open = keyed ? 'with the key that FUNCTION_KEY holds' : 'no key is needed: FUNCTION_KEY is not set';
  return [
    `Open:     ${url}/api/docs (${open})`,
    `Try next: curl${key} ${url}/api/alerts/${KNOWN_ALERT}/ips`,
    `Ask why:  curl${key} "${url}/api/doctor?format=text"`,
    'Ends with Ctrl+C.',
  ].join('\n');
}

/** One line per entry, without secrets. */
function stderrLog(redact: (text: string) => string): LogSink {
  return ({ level, category, functionName, message }) => {
    // Of what library and host have to say, only what is wrong.
    const quiet = category === 'system' ? ['trace', 'debug', 'information'] : ['trace', 'debug'];
    if (quiet.includes(level)) return;
    const line = `${level}${functionName ? ` ${functionName}` : ''}: ${message}`;
    console.error(redact(line).replaceAll(/\s*\n\s*/g, ' | '));
  };
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
