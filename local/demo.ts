/**
 * `npm run demo`: the built app between its stand-ins, asked the way callers ask. Every step says what
 * it expects; the exit code is 0 only if all of it came true.
 *
 * Takes the folder of the built app, where it is not built anew: `tsx local/demo.ts out/app`.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../shared/base/clock.js';
import { startAzurite } from './azurite.js';
import { buildOwnApp } from './built.js';
import { KNOWN_ALERT, UNKNOWN_ALERT } from './defender/alerts.js';
import { startDefenderSimulator } from './defender/simulator.js';
import { type Demo, expectThat, failures, post, type Step } from './demo/asking.js';
import { appWithoutRole, healthyApp } from './demo/doctor.js';
import { destinationSettings, forward, startRefusingReceiver } from './demo/forward.js';
import { job } from './demo/job.js';
import { secondSource } from './demo/second-source.js';
import { movableTime } from './demo/time.js';
import { startHost } from './host/host.js';
import { loadApp } from './host/load.js';
import { startIdentityEndpoint } from './identity/endpoint.js';
import { forgetSettings } from './settings.js';

const AUDIENCE = 'https://api.securitycenter.microsoft.com';
const root = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

async function oneAlert(demo: Demo): Promise<void> {
  const alert = {
    id: KNOWN_ALERT,
    machineId: '1e5b…',
    detectionSource: 'WindowsDefenderAtp',
    severity: 'High',
  };
  const { status, ms, body } = await post(demo, JSON.stringify(alert));
  console.log(`${JSON.stringify(body, null, 2).replaceAll(/^/gm, '   ')}\n`);
  expectThat(`answered 200 in ${ms} ms, on a cold start`, status === 200);
  expectThat('the alert has its related IPs', body.alert?.relatedIps?.includes('104.80.104.128'));
}

async function again(demo: Demo): Promise<void> {
  const before = demo.defender.arrivals.length;
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => post(demo, `{"alertId":"${KNOWN_ALERT}"}`)),
  );
  expectThat(
    '20 right answers',
    answers.every(({ body }) => body.enrichment?.ips?.length === 2),
  );
  expectThat(
    `${demo.defender.arrivals.length - before} calls to Defender`,
    demo.defender.arrivals.length === before,
  );
}

async function unknown(demo: Demo): Promise<void> {
  const { status, body } = await post(demo, `{"alertId":"${UNKNOWN_ALERT}"}`);
  expectThat(
    'answered 200 with status not_found',
    status === 200 && body.enrichment?.alerts?.[0]?.status === 'not_found',
  );
}

/** A recorded case of a shape: what was posted, and the alerts that are in it. */
interface Case {
  readonly payload: string;
  readonly alertIds: readonly string[];
}

/** The first recorded case that shows a shape with an alert to look up, else its first. */
async function caseOf(shape: string): Promise<Case> {
  const folder = root(`test/cases/${shape}`);
  const cases = (await readdir(folder)).sort().map(async (name): Promise<Case> => {
    const references = JSON.parse(await readFile(`${folder}/${name}/references.json`, 'utf8'));
    const alertIds = Array.isArray(references)
      ? references.filter(({ kind }) => kind === 'endpoint').map(({ alertId }) => alertId)
      : [];
    return { payload: await readFile(`${folder}/${name}/payload.json`, 'utf8'), alertIds };
  });
  const all = await Promise.all(cases);
  return all.find(({ alertIds }) => alertIds.length > 0) ?? (all[0] as Case);
}

/** Cases whose right answers were written by hand, in a form of their own; a test looks at them. */
const BY_HAND = /^field/;

async function shapes(demo: Demo): Promise<void> {
  const names = (await readdir(root('test/cases'))).filter((name) => !BY_HAND.test(name));
  for (const shape of names.sort()) {
    const { payload, alertIds } = await caseOf(shape);
    const { status, body } = await post(demo, payload);
    const alerts: { alertId?: string; status: string; ips: string[]; product?: string }[] =
      body.enrichment?.alerts ?? [];
    const told = alerts.map(
      ({ alertId, status, ips, product }) =>
        `${alertId ?? '(no id)'} → ${ips.length > 0 ? ips.join(', ') : `${status}${product ? `: ${product}` : ''}`}`,
    );
    const found = alerts.filter((alert) => alert.status === 'found').map(({ alertId }) => alertId);
    const right =
      alertIds.length > 0 ? alertIds.every((id) => found.includes(id)) : [200, 400, 422].includes(status);
    const answer = told.join('\n'.padEnd(31)) || `${status}: ${String(body.detail).split('. ')[0]}`;
    expectThat(shape.padEnd(26) + answer, right);
  }
}

const STEPS: readonly Step[] = [
  { title: 'An alert goes in, and comes back with its IPs.', run: oneAlert },
  { title: 'The same alert again, twenty times at once: duplicates cost Defender nothing.', run: again },
  {
    title: 'An alert that Defender does not know is said to be unknown, not to be without IPs.',
    run: unknown,
  },
  { title: 'Payloads of every known shape, as callers post them.', run: shapes },
  job,
  forward,
  secondSource,
  healthyApp,
  appWithoutRole,
];

async function main(): Promise<void> {
  await forgetSettings();
  const clock = systemClock;
  const identity = await startIdentityEndpoint({ clock });
  const defender = await startDefenderSimulator({
    clock,
    random: Math.random,
    audience: AUDIENCE,
    latencyMs: { min: 20, max: 120 },
  });
  const azurite = await startAzurite();
  const receiver = await startRefusingReceiver();
  Object.assign(process.env, identity.settings, destinationSettings(receiver), {
    DEFENDER_API_HOST: defender.url,
    DEFENDER_AUDIENCE: AUDIENCE,
    AzureWebJobsStorage: azurite.connectionString,
  });
  const folder = process.argv[2] ?? (await buildOwnApp());
  const host = await startHost({
    registrations: await loadApp(folder),
    port: 0,
    hostJson: JSON.parse(await readFile(join(folder, 'host.json'), 'utf8')),
  });
  console.log(
    `The app is up at ${host.url}, between an identity endpoint, a Defender, a storage account and a receiver of this machine.`,
  );
  const demo = { url: host.url, defender, receiver, skip: movableTime(azurite) };
  for (const [n, { title, run }] of STEPS.entries()) {
    console.log(`\n${n + 1}. ${title}\n`);
    await run(demo);
  }

  console.log('\nAltogether:\n');
  expectThat(`${identity.requests.length} request for a token`, identity.requests.length === 1);
  const refused = defender.arrivals.filter(({ status }) => status === 429).length;
  expectThat(
    `${defender.arrivals.length} calls to Defender, ${refused} of them over its limit`,
    refused === 0,
  );
  await host.close();
  await Promise.all([defender.close(), identity.close(), receiver.close(), azurite.close()]);
  console.log(
    failures() === 0 ? '\nAll of it came true.' : `\n${failures()} expectations did not come true.`,
  );
  process.exitCode = failures() === 0 ? 0 : 1;
}

await main();
