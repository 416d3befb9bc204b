/**
 * `npm run bench`: what an uncached answer costs over a bare call to Defender with a ready token, with
 * the ledger in memory and with the ledger and the cache in a storage account (Azurite). All in one
 * process and one run, taking turns, so that the ratios hold although the machine is shared; absolute
 * times are this machine's.
 */
import { app } from '@azure/functions';
import fetch from 'node-fetch';
import { registerFunctions } from '../functions/register.js';
import { startAzurite } from '../local/azurite.js';
import { startDefenderSimulator } from '../local/defender/simulator.js';
import { functionsCore } from '../local/host/core.js';
import { type RunningHost, startHost } from '../local/host/host.js';
import { answerCoreModule } from '../local/host/load.js';
import { startIdentityEndpoint } from '../local/identity/endpoint.js';
import { createApp } from '../shared/app.js';
import { systemClock } from '../shared/clock.js';

const AUDIENCE = 'https://defender-bench.test';
const WARM_UP = 30;
const ROUNDS = 300;

const clock = systemClock;
const identity = await startIdentityEndpoint({ clock });
const plenty = { perMinute: 100_000, perHour: 100_000 };
const defender = await startDefenderSimulator({ clock, random: Math.random, audience: AUDIENCE, ...plenty });
const azurite = await startAzurite();
Object.assign(process.env, identity.settings); // the identity library reads them there
answerCoreModule();
app.setup({ enableHttpStream: true });

async function startApp(storage: Record<string, string>): Promise<RunningHost> {
  const env = {
    ...identity.settings,
    DEFENDER_API_HOST: defender.url,
    DEFENDER_AUDIENCE: AUDIENCE,
    QUOTA_PER_MINUTE: String(plenty.perMinute),
    QUOTA_PER_HOUR: String(plenty.perHour),
    ...storage,
  };
  const registrations = await functionsCore.collect(() => registerFunctions(createApp(env)));
  return startHost({ registrations, port: 0 });
}

let alerts = 0;
/** Never the same twice: nothing is cached. */
const nextAlert = () => `da637472900382838869_${++alerts}`;

async function ask(url: string, headers: Record<string, string> = {}): Promise<void> {
  const response = await fetch(url, { headers });
  await response.text();
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
}

const inMemory = await startApp({ STATE_STORAGE: 'memory' });
const inStorage = await startApp({ AzureWebJobsStorage: azurite.connectionString });
const token = await readyToken();
const contenders: Readonly<Record<string, () => Promise<void>>> = {
  'bare node-fetch call, token ready': () =>
    ask(`${defender.url}/api/alerts/${nextAlert()}/ips`, { Authorization: `Bearer ${token}` }),
  'answer, ledger in memory': () => ask(`${inMemory.url}/api/alerts/${nextAlert()}/ips`),
  'answer, ledger in Azurite': () => ask(`${inStorage.url}/api/alerts/${nextAlert()}/ips`),
};

async function readyToken(): Promise<string> {
  const query = new URLSearchParams({ 'api-version': '2019-08-01', resource: AUDIENCE });
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = identity.settings;
  const answer = await fetch(`${IDENTITY_ENDPOINT}?${query}`, {
    headers: { 'X-IDENTITY-HEADER': IDENTITY_HEADER },
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

const times = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]));
for (let round = -WARM_UP; round < ROUNDS; round++) {
  for (const [name, run] of Object.entries(contenders)) {
    const beganMs = performance.now();
    await run();
    if (round >= 0) times.get(name)?.push(performance.now() - beganMs);
  }
}

const quantile = (values: readonly number[], q: number) =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length * q)] ?? Number.NaN;
const base = quantile([...times.values()][0] ?? [], 0.5);
console.log(`${ROUNDS} uncached answers each, in turn, one at a time:\n`);
for (const [name, list] of times) {
  const median = quantile(list, 0.5);
  console.log(
    `${name.padEnd(36)} median ${median.toFixed(2).padStart(7)} ms   p95 ${quantile(list, 0.95).toFixed(2).padStart(7)} ms   ${(median / base).toFixed(1).padStart(5)} ×`,
  );
}

await Promise.all([inMemory.close(0), inStorage.close(0)]);
await Promise.all([defender.close(), identity.close(), azurite.close()]);
