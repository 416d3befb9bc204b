/**
 * The app's own jobs and deliveries, once, on the real queue listener, with a worker that is killed in the
 * middle.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAzurite } from '../local/azurite.js';
import { startDefenderSimulator } from '../local/defender/simulator.js';
import { startIdentityEndpoint } from '../local/identity/endpoint.js';
import { startReceiver } from '../local/receiver/receiver.js';
import { systemClock as clock } from '../shared/base/clock.js';
import { freshAlertIds } from '../test/support/alert-ids.js';

const POSTS = 5;
const ALERTS_A_POST = 200;
/** A lease of the app and the message's return, twice, and time for a busy machine. */
const PATIENCE_MS = 150_000;

/** What became of everything that was posted. */
export interface AppRun {
  readonly posts: number;
  readonly alerts: number;
  readonly answered: number;
  readonly delivered: number;
  readonly killedAfterCalls: number;
}

/** @param listener the published listener/Program.cs */
export async function runApp(listener: string): Promise<AppRun> {
  const audience = 'https://defender.test';
  const identity = await startIdentityEndpoint({ clock });
  const defender = await startDefenderSimulator({
    clock,
    random: Math.random,
    audience,
    latencyMs: { min: 20, max: 60 },
    perMinute: 100_000,
    perHour: 100_000,
  });
  const receiver = await startReceiver();
  const azurite = await startAzurite();
  const settings = {
    ...identity.settings,
    DEFENDER_API_HOST: defender.url,
    DEFENDER_AUDIENCE: audience,
    AzureWebJobsStorage: azurite.connectionString,
    QUOTA_PER_MINUTE: '100000',
    QUOTA_PER_HOUR: '100000',
    FORWARD_DESTINATIONS: JSON.stringify({
      siem: { url: receiver.url, format: 'enriched', auth: { type: 'none' }, allowPrivateHost: true },
    }),
  };
  const children: ChildProcess[] = [];
  try {
    let worker = await startWorker(settings, '0', children);
    const { queues, callbackPort } = worker;
    for (const queue of queues) {
      children.push(startListener(listener, azurite.connectionString, queue, callbackPort));
    }
    const jobs: string[] = [];
    for (let post = 0; post < POSTS; post += 1) {
      const answer = await fetch(`${worker.url}/api/enrichAlert?mode=async&forward=siem`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ alertIds: freshAlertIds(ALERTS_A_POST) }),
      });
      if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
      const { pathname, search } = new URL(answer.headers.get('location') ?? '');
      jobs.push(`${pathname}${search}`);
    }
    const half = (POSTS * ALERTS_A_POST) / 2;
    for (
      const endMs = performance.now() + PATIENCE_MS;
      defender.arrivals.length < half / 2;
      await sleep(20)
    ) {
      if (performance.now() > endMs) throw new Error('No job was begun.');
    }
    const killedAfterCalls = defender.arrivals.length;
    const exited = once(worker.child, 'exit');
    worker.child.kill('SIGKILL');
    await exited;
    worker = await startWorker(settings, callbackPort, children);
    let answered = 0;
    const isDone = async () => {
      const answers = await Promise.all(
        jobs.map(async (path) => {
          const answer = await fetch(`${worker.url}${path}`);
          return answer.status === 200
            ? ((await answer.json()) as { enrichment: { alerts: { status: string }[] } })
            : undefined;
        }),
      );
      answered = answers
        .flatMap((answer) => answer?.enrichment.alerts ?? [])
        .filter(({ status }) => status === 'found' || status === 'empty').length;
      return answers.every((answer) => answer !== undefined) && delivered().size === POSTS;
    };
    const delivered = () => new Set(receiver.received.map(({ headers }) => headers['webhook-id']));
    for (const endMs = performance.now() + PATIENCE_MS; performance.now() < endMs; await sleep(500)) {
      if (await isDone()) break;
    }
    return {
      posts: POSTS,
      alerts: POSTS * ALERTS_A_POST,
      answered,
      delivered: delivered().size,
      killedAfterCalls,
    };
  } finally {
    await Promise.all(children.map(end));
    await Promise.all([identity.close(), defender.close(), receiver.close(), azurite.close()]);
  }
}

interface Worker {
  readonly child: ChildProcess;
  readonly url: string;
  readonly queues: readonly string[];
  readonly callbackPort: string;
}

async function startWorker(
  settings: Readonly<Record<string, string>>,
  callbackPort: string,
  children: ChildProcess[],
): Promise<Worker> {
  const child = fork('conformance/worker-main.ts', {
    env: { PATH: process.env.PATH, ...settings, CALLBACK_PORT: callbackPort },
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  children.push(child);
  const [started] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('The worker ended.'))),
  ])) as [Worker];
  return { ...started, child };
}

function startListener(program: string, connectionString: string, queue: string, port: string): ChildProcess {
  return spawn('dotnet', [program], {
    stdio: 'ignore',
    env: {
      ...process.env,
      AzureWebJobsStorage: connectionString,
      QUEUE: queue,
      CALLBACK: `http://127.0.0.1:${port}/${queue}`,
      VISIBILITY_MS: '30000',
    },
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
