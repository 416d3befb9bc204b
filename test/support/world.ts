import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { app } from '@azure/functions';
import { expect } from '@jest/globals';
import { type DefenderSimulatorOptions, startDefenderSimulator } from '../../local/defender/simulator.js';
import {
  type GraphSimulator,
  type GraphSimulatorOptions,
  startGraphSimulator,
} from '../../local/graph/simulator.js';
import { functionsCore } from '../../local/host/core.js';
import type { LogEntry } from '../../local/host/core-api.js';
import { startHost } from '../../local/host/host.js';
import type { QueueService } from '../../local/host/queue-service.js';
import { storageQueues } from '../../local/host/storage-queues.js';
import { type IdentityEndpointOptions, startIdentityEndpoint } from '../../local/identity/endpoint.js';
import { createApp } from '../../shared/app/app.js';
import { systemClock } from '../../shared/base/clock.js';
import type { OperatorAlert } from '../../shared/base/environment.js';
import { checkAnswer } from './conformance.js';
import { type Answer, exchange } from './exchange.js';
import { forgetIdentityEndpoint } from './identity-library.js';
import { leaksIn } from './leaks.js';
import { registerApp } from './register-app.js';
import { loadStorageLibraries } from './storage-libraries.js';

app.setup({ enableHttpStream: true });

/** What a test wants to be different. */
export interface WorldOptions {
  readonly settings?: Readonly<Record<string, string | undefined>>;
  readonly defender?: Partial<DefenderSimulatorOptions>;
  readonly graph?: Partial<GraphSimulatorOptions>;
  readonly identity?: Partial<IdentityEndpointOptions>;
  readonly functionKey?: string;
  /** What else must stand in no log line and no answer. */
  readonly secrets?: readonly string[];
  /** Where queue triggers listen; those of the settings' storage account unless given. */
  readonly queues?: QueueService;
  /** From 0 to below 1; a half unless given. */
  readonly random?: () => number;
}

export type World = Awaited<ReturnType<typeof startWorld>>;

/** Stands in a payload where nothing but the answer's own `alert` may show it. */
export const PAYLOAD_CANARY = 'canary-payload-7c1d';

/**
 * The library's token cache is one for the process, and some worlds share a storage account: an audience and
 * a slot of its own keep each apart.
 */
let worlds = 0;

/** The whole app between real sockets: host, doors, identity endpoint, Defender. */
export async function startWorld(options: WorldOptions = {}) {
  const clock = systemClock;
  const random = options.random ?? (() => 0.5);
  const audience = `https://defender-${++worlds}.test`;
  const identity = await startIdentityEndpoint({ clock, ...options.identity });
  const defender = await startDefenderSimulator({ clock, random, audience, ...options.defender });
  const graph = options.settings?.IP_SOURCES?.includes('graph')
    ? await startGraphSimulator({ clock, random, audience: 'https://graph.microsoft.com', ...options.graph })
    : undefined;
  Object.assign(process.env, identity.settings); // the identity library reads them there
  forgetIdentityEndpoint();
  const env = {
    ...identity.settings,
    DEFENDER_API_HOST: defender.url,
    DEFENDER_AUDIENCE: audience,
    ...(graph ? { GRAPH_API_HOST: graph.url } : {}),
    WEBSITE_SLOT_NAME: `world-${worlds}`,
    STATE_STORAGE: 'memory',
    ...options.settings,
  };
  if (env.STATE_STORAGE !== 'memory') await loadStorageLibraries();
  const logs: LogEntry[] = [];
  const report = (told: OperatorAlert) =>
    void logs.push({ level: 'error', category: 'user', message: JSON.stringify(told) });
  const answers: Answer[] = [];
  const agent = new Agent({ keepAlive: true });
  const registrations = await functionsCore.collect(() =>
    registerApp(createApp(env, { clock, random, report })),
  );
  const host = await startHost({
    registrations,
    port: 0,
    functionKey: options.functionKey,
    hostJson: JSON.parse(await readFile('host.json', 'utf8')),
    queues: options.queues ?? storageQueues(env),
    hasTelemetry: 'APPLICATIONINSIGHTS_CONNECTION_STRING' in env,
    log: (entry) => logs.push(entry),
  });

  /** Sends a request; its answer has to be one that the contract knows. */
  async function send(
    method: string,
    path: string,
    body?: string | Buffer,
    headers: Record<string, string> = {},
  ) {
    const answer = await exchange(`${host.url}${path}`, { method, agent, headers }, body);
    answers.push(answer);
    checkAnswer(method, path, answer);
    return answer;
  }

  return {
    clock,
    identity,
    defender,
    /** There where `IP_SOURCES` names it. */
    graph: graph as GraphSimulator,
    /** What tokens are asked for. */
    audience,
    /** What tells its state from that of other worlds in one storage account. */
    slot: env.WEBSITE_SLOT_NAME,
    host,
    registrations,
    logs,
    send,
    get: (path: string, headers?: Record<string, string>) => send('GET', path, undefined, headers),
    /** Posts to enrichAlert; anything but a text is sent as its JSON. */
    enrich: (payload: unknown, query = '', headers: Record<string, string> = {}) =>
      send('POST', `/api/enrichAlert${query}`, toBody(payload), {
        'content-type': 'application/json',
        ...headers,
      }),
    /** Paths that Defender was asked for so far. */
    asked: () => defender.arrivals.map(({ path }) => path),
    /** The app is alive, and nothing secret stands in any log line or answer. Then all is closed. */
    async close() {
      try {
        const health = await exchange(`${host.url}/api/health`, { method: 'GET', agent }, undefined);
        expect([200, 503]).toContain(health.status);
      } finally {
        agent.destroy();
        await host.close(0);
        await defender.close();
        await graph?.close();
        await identity.close();
      }
      checkNothingLeaked({
        logs,
        answers,
        secrets: [
          identity.header,
          ...(options.functionKey ? [options.functionKey] : []),
          ...(options.secrets ?? []),
        ],
      });
    },
  };
}

function toBody(payload: unknown): string | Buffer {
  return typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
}

function checkNothingLeaked(seen: { logs: LogEntry[]; answers: Answer[]; secrets: string[] }): void {
  const logged = seen.logs.map(({ message }) => message).join('\n');
  expect(leaksIn(logged, [PAYLOAD_CANARY, ...seen.secrets])).toEqual([]);
  for (const { status, headers, text, json } of seen.answers) {
    expect(leaksIn(JSON.stringify(headers), [PAYLOAD_CANARY, ...seen.secrets])).toEqual([]);
    // A library for browsers speaks of such things, and was on no way through the app.
    const isScript = String(headers['content-type']).startsWith('text/javascript');
    if (!isScript) expect(leaksIn(text, seen.secrets)).toEqual([]);
    if (status >= 400) expect(text).not.toContain(PAYLOAD_CANARY);
    else expect(JSON.stringify(json?.enrichment ?? {})).not.toContain(PAYLOAD_CANARY);
  }
}
