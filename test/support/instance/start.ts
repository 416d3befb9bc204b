import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { shiftedCalendar } from '../../../local/calendar.js';
import { checkAnswer } from '../conformance.js';
import { type Answer, exchange } from '../exchange.js';
import type { Measures, Order, Reply } from './orders.js';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/** How an instance differs from the others. */
export interface InstanceOptions {
  /** How far its calendar is off. */
  readonly calendarMs?: number;
  /** Where the built app is; it runs from its sources unless given. */
  readonly folder?: string;
}

/** One instance of the app, a process of its own. */
export interface InstanceProcess {
  /** Resolves with its URL when it is up. Whoever asks it something waits for that. */
  readonly started: Promise<string>;
  get(alertId: string): Promise<Answer>;
  /** Anything but a text is posted as its JSON. */
  enrich(payload: unknown, query?: string): Promise<Answer>;
  /** Makes a GET of any path, such as the one of a job that the 202 gave. */
  ask(path: string): Promise<Answer>;
  /** Makes a POST of any path, without a body. */
  post(path: string): Promise<Answer>;
  /** Tells it to end, as the platform does; `written` resolves when it has. */
  terminate(): void;
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>;
  /** What it uses, garbage collected, and the longest turn of its event loop since the last time. */
  measure(): Promise<Measures>;
  /**
   * Lets it end as soon as nothing keeps it up.
   * @returns whether it has within `patienceMs`
   */
  retire(patienceMs: number): Promise<boolean>;
  /** All that it wrote to its console, once it has ended. */
  readonly written: Promise<string>;
  readonly child: ChildProcess;
}

/**
 * Starts an instance.
 * @param look sees each of its answers
 */
export function startInstance(
  env: NodeJS.ProcessEnv,
  { calendarMs = 0, folder }: InstanceOptions = {},
  look: (answer: Answer) => void = () => {},
): InstanceProcess {
  const shifted = calendarMs === 0 ? [] : ['--import', shiftedCalendar(calendarMs)];
  const child = fork(MAIN, folder === undefined ? [] : [folder], {
    env: { PATH: process.env.PATH, ...env },
    execArgv: ['--expose-gc', ...shifted, '--import', 'tsx'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const written = Promise.all(
    [child.stdout, child.stderr].map((stream) => (stream ? text(stream) : '')),
  ).then((texts) => texts.join(''));
  const url = Promise.race([
    reply(child, 'started').then(({ url }) => url),
    once(child, 'exit').then(async () => Promise.reject(new Error(`The instance ended: ${await written}`))),
  ]);
  const send = async (method: string, path: string, body?: string) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await exchange(`${await url}${path}`, { method, headers }, body);
    checkAnswer(method, path, answer);
    look(answer);
    return answer;
  };
  return {
    started: url,
    get: (alertId) => send('GET', `/api/alerts/${alertId}/ips`),
    enrich: (payload, query = '') => {
      const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
      return send('POST', `/api/enrichAlert${query}`, body);
    },
    ask: (path) => send('GET', path),
    post: (path) => send('POST', path),
    terminate: () => {
      child.kill('SIGTERM');
    },
    kill: () => kill(child),
    measure: () => {
      child.send('measure' satisfies Order);
      return reply(child, 'measured');
    },
    retire: async (patienceMs) => {
      const signal = AbortSignal.timeout(patienceMs);
      const ended = once(child, 'exit', { signal });
      child.send('retire' satisfies Order);
      return ended.then(
        () => true,
        () => false,
      );
    },
    written,
    child,
  };
}

async function reply<K extends Reply['kind']>(child: ChildProcess, kind: K) {
  for (;;) {
    const [told] = (await once(child, 'message')) as [Reply];
    if (told.kind === kind) return told as Reply & { readonly kind: K };
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
