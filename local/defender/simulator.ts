import { setMaxListeners } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import http from 'node:http';
import type { Clock } from '../../shared/base/clock.js';
import { createGate, type Refusal } from '../gate.js';
import { type Interceptable, isIntercepted } from '../intercept.js';
import { answering, closeServer, listen, sendJson } from '../loopback.js';
import { knownAlerts } from './alerts.js';
import { type Answer, errorAnswer, resourceAnswer, tooManyRequests } from './answers.js';

/** How the simulator is started. */
export interface DefenderSimulatorOptions {
  clock: Clock;
  /** Numbers from 0 to below 1, for the latency. */
  random: () => number;
  /** On 127.0.0.1; a free one unless given. */
  port?: number;
  /** What a token's `aud` must be. */
  audience: string;
  /** How long an answer takes, evenly distributed; at once unless given. */
  latencyMs?: { min: number; max: number };
  /** 100 and 1,500 unless given, as documented. */
  perMinute?: number;
  perHour?: number;
}

/** One request that arrived. */
export interface Arrival {
  /** `clock.monotonicMs` at that moment. */
  readonly atMs: number;
  /** With its query. */
  readonly path: string;
  /** 0 until it has been answered, and for good if it never is. */
  readonly status: number;
}

/** A simulator that is up. */
export interface DefenderSimulator extends Interceptable {
  /** What belongs into DEFENDER_API_HOST. */
  url: string;
  arrivals: readonly Arrival[];
  /** Access tokens that get a 401 from now on. */
  revoked: Set<string>;
  /** IPs of alerts that are not derived from their ids; null for an alert that is not found. */
  alerts: Map<string, string[] | null>;
  close(): Promise<void>;
}

const permission = 'Ip.Read.All';

/**
 * Stands in for Defender's API: `GET /api/alerts/{id}/ips` and `GET /api/ips/{ip}/stats`. Every alert
 * whose id fits the grammar is known and has one to four IPs, except for those in `alerts`.
 *
 * Order of checks: token (401) → quota (429) → role or scope (403) → the resource (400, 404, 200). Whatever
 * arrives with a valid token is charged to the quota of its application and tenant at that moment,
 * before latency and `intercept`.
 */
export async function startDefenderSimulator(options: DefenderSimulatorOptions): Promise<DefenderSimulator> {
  const { clock, perMinute = 100, perHour = 1500 } = options;
  const arrivals: { atMs: number; path: string; status: number }[] = [];
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // each call in its latency waits on it
  const revoked = new Set<string>();
  const limits = [
    { calls: perMinute, windowMs: 60_000 },
    { calls: perHour, windowMs: 3_600_000 },
  ];
  const gate = createGate({ clock, audience: options.audience, permission, limits, revoked });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const arrival = { atMs: clock.monotonicMs(), path, status: 0 };
    arrivals.push(arrival);
    response.once('finish', () => {
      arrival.status = response.statusCode;
    });
    const refusal = gate(request, arrival.atMs);
    if (await isIntercepted(simulator, request, response)) return;
    const { min, max } = options.latencyMs ?? { min: 0, max: 0 };
    if (max > 0) await clock.sleep(min + options.random() * (max - min), closing.signal);
    const [resource = '', query = ''] = path.split('?', 2);
    const nowMs = clock.epochMs();
    const answer = refusal
      ? refusalAnswer(refusal)
      : resourceAnswer({
          method: request.method ?? '',
          path: resource,
          query: new URLSearchParams(query),
          alerts: simulator.alerts,
          nowMs,
        });
    response.setHeader('Date', new Date(nowMs).toUTCString());
    if (answer.retryAfterSeconds) response.setHeader('Retry-After', answer.retryAfterSeconds);
    sendJson(response, answer.status, answer.body);
  }

  const server = http.createServer(answering(handle));
  const simulator: DefenderSimulator = {
    url: await listen(server, options.port ?? 0),
    arrivals,
    revoked,
    alerts: knownAlerts(),
    intercept: undefined,
    close: () => {
      closing.abort();
      return closeServer(server);
    },
  };
  return simulator;
}

function refusalAnswer(refusal: Refusal): Answer {
  switch (refusal.status) {
    case 401:
      return errorAnswer(401, 'Unauthorized', 'The access token is missing, expired or foreign.');
    case 429:
      return tooManyRequests(refusal.waitMs);
    case 403: {
      const [who, kind] = refusal.isUser ? ['user', 'delegated'] : ['application', 'application'];
      const message = `The ${who} does not have any of the required ${kind} permissions (${permission}) to access the resource.`;
      return errorAnswer(403, 'Forbidden', message);
    }
  }
}
