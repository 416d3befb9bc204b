/**
 * `npx tsx conformance/run.ts`: plays the same scenarios with parts of the real Functions host and with the
 * local host, and compares what was seen. Wants a .NET SDK. Ends with 1 when something differs that is not
 * explained.
 *
 *     --write    puts the table into docs/internals/conformance.md
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startAzurite } from '../local/azurite.js';
import { type AppRun, runApp } from './app-run.js';
import { EXPLAINED } from './explained.js';
import { startRealFront } from './front.js';
import { realListener, type StartListener } from './listener.js';
import { localListener, startLocalFront } from './local.js';
import { type Front, PROXY_SCENARIOS, playProxy } from './proxy-scenarios.js';
import { type Facts, QUEUE_SCENARIOS, type QueueScenario } from './queue-scenarios.js';
import { type Account, openAccount } from './storage.js';

/** Listeners at work at the same time: each waits most of its time. */
const AT_ONCE = 8;

const { values } = parseArgs({ options: { write: { type: 'boolean' } } });
const programs = await mkdtemp(join(tmpdir(), 'conformance-'));
const publish = (name: string) =>
  execFileSync(
    'dotnet',
    ['publish', '-v', 'q', '-c', 'Release', '-o', join(programs, name), `conformance/${name}`],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );

/** What both sides said of each scenario, by its name. */
const seen = new Map<string, { real?: Facts; local?: Facts }>();
const azurite = await startAzurite();
let appRun: AppRun;
try {
  publish('proxy');
  publish('listener');
  await playFront('real', await startRealFront(join(programs, 'proxy/Proxy.dll')));
  await playFront('local', await startLocalFront());
  await playQueues('real', realListener(join(programs, 'listener/Listener.dll')));
  await playQueues('local', localListener);
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
  appRun = await runApp(join(programs, 'listener/Listener.dll'));
} finally {
  await azurite.close();
  await rm(programs, { recursive: true, force: true });
}
const rows = [...seen].map(([name, { real, local }]) => {
  const isSame = JSON.stringify(real) === JSON.stringify(local);
  return { name, real: inWords(real), local: inWords(local), isSame, why: isSame ? '' : EXPLAINED[name] };
});
for (const { name, real, local, isSame, why } of rows) {
  console.log(
    isSame ? `same     ${name}: ${real}` : `${why ? 'known   ' : 'DIFFERS '} ${name}: ${real} | ${local}`,
  );
}
const isWhole = appRun.answered === appRun.alerts && appRun.delivered === appRun.posts;
console.log(`${isWhole ? 'whole   ' : 'LOST    '} ${appInWords(appRun)}`);
const stale = Object.keys(EXPLAINED).filter(
  (name) => rows.find((row) => row.name === name)?.isSame !== false,
);
const open = rows.filter(({ isSame, why }) => !isSame && !why);
if (values.write) await writeFile('docs/internals/conformance.md', asPage());
for (const name of stale) console.log(`explained, but there is no such difference: ${name}`);
const failed = open.length + stale.length + (isWhole ? 0 : 1);
console.log(`${rows.length - open.length + (isWhole ? 1 : 0)} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

async function playFront(side: 'real' | 'local', front: Front): Promise<void> {
  for (const scenario of PROXY_SCENARIOS) {
    const facts = await playProxy(front, scenario);
    seen.set(scenario.name, { ...seen.get(scenario.name), [side]: facts });
  }
  await front.close();
}

async function playQueues(side: 'real' | 'local', start: StartListener): Promise<void> {
  const waiting = [...QUEUE_SCENARIOS];
  const play = async ({ name, run }: QueueScenario) => {
    const accounts: Account[] = [];
    const account = async () => {
      const opened = await openAccount(azurite.connectionString);
      accounts.push(opened);
      return opened;
    };
    const facts = await run({ account, start });
    seen.set(name, { ...seen.get(name), [side]: facts });
    await Promise.all(accounts.map((one) => one.close()));
  };
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await play(next);
    }),
  );
}

function inWords(facts: Facts = {}): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
}

function appInWords({ alerts, posts, answered, delivered, killedAfterCalls }: AppRun): string {
  return (
    `The app's own jobs and deliveries on the real listener: ${alerts} alerts in ${posts} posts, the worker killed after ` +
    `${killedAfterCalls} calls to Defender and started again: ${answered} alerts answered, ${delivered} deliveries arrived.`
  );
}

function asPage(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const differences = new Map<string, string[]>();
  for (const { name, real, local, isSame, why } of rows) {
    if (isSame) continue;
    const rest = [real, local, why ?? ''].map(cell).join(' | ');
    differences.set(rest, [...(differences.get(rest) ?? []), cell(name)]);
  }
  const same = rows.filter(({ isSame }) => isSame);
  return [
    '# The local host beside the real one',
    '',
    'Made by `npx tsx conformance/run.ts --write` ([how](../../conformance/README.md)): the real queue listener and reverse proxy',
    'of the Functions host, and the same scenarios on the local host.',
    '',
    appInWords(appRun),
    '',
    '| differs | the real one | the local host | why |',
    '|---|---|---|---|',
    ...[...differences].map(([rest, names]) => `| ${names.join('; ')} | ${rest} |`),
    '',
    `The other ${same.length} of ${rows.length} scenarios go the same way; the command names each.`,
    '',
  ].join('\n');
}
