import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import http from 'node:http';
import type { Clock } from '../../shared/base/clock.js';
import { inventIps, knownAlerts } from '../defender/alerts.js';
import type { Arrival } from '../defender/simulator.js';
import { createGate, type Refusal } from '../gate.js';
import { type Interceptable, isIntercepted } from '../intercept.js';
import { answering, closeServer, listen, sendJson } from '../loopback.js';

/** How the simulator is started. */
export interface GraphSimulatorOptions {
  clock: Clock;
  /** Numbers from 0 to below 1, for the latency. */
  random: () => number;
  /** What a token's `aud` must be. */
  audience: string;
  /** How long an answer takes, evenly distributed; at once unless given. */
  latencyMs?: { min: number; max: number };
  /** 150 unless given, as documented. */
  perMinute?: number;
}

/** A piece of evidence, as the API gives it. */
export type Evidence = Readonly<Record<string, unknown>>;

/** A simulator that is up. */
export interface GraphSimulator extends Interceptable {
  /** What belongs into GRAPH_API_HOST. */
  url: string;
  arrivals: readonly Arrival[];
  /** Evidence of alerts that is not derived from their ids; null for an alert that is not found. */
  alerts: Map<string, readonly Evidence[] | null>;
  close(): Promise<void>;
}

const permission = 'SecurityAlert.Read.All';
const types = '#microsoft.graph.security.';

/** An address that an alert is about. */
export function ipEvidence(ipAddress: string, rest: Evidence = {}): Evidence {
  return {
    '@odata.type': `${types}ipEvidence`,
    verdict: 'suspicious',
    roles: [],
    ...rest,
    ipAddress,
    countryLetterCode: rest.countryLetterCode ?? null,
  };
}

/** The device of every invented alert, with addresses of its own. */
export const DEVICE: Evidence = {
  '@odata.type': `${types}deviceEvidence`,
  verdict: 'unknown',
  roles: ['compromised'],
  ipInterfaces: ['192.168.5.65', 'fe80::cc52:8e7c:3a1f:9f21', '127.0.0.1', '::1'],
  lastIpAddress: '192.168.5.65',
  lastExternalIpAddress: '198.51.100.77',
};

/**
 * Stands in for `GET /v1.0/security/alerts_v2/{id}` of Microsoft Graph. Every alert whose id has the two
 * letters of its product is known, with the addresses that the simulator of Defender invents for it, except
 * for those in `alerts`. Checks as that one: token (401) → quota (429) → role or scope (403) → the resource
 * (404, 200).
 */
export async function startGraphSimulator(options: GraphSimulatorOptions): Promise<GraphSimulator> {
  const { clock, audience, perMinute = 150 } = options;
  const arrivals: { atMs: number; path: string; status: number }[] = [];
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // each call in its latency waits on it
  const limits = [{ calls: perMinute, windowMs: 60_000 }];
  const gate = createGate({ clock, audience, permission, limits, revoked: new Set() });

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
    if (refusal?.status === 429) response.setHeader('Retry-After', Math.ceil(refusal.waitMs / 1000));
    response.setHeader('Date', new Date(clock.epochMs()).toUTCString());
    const [status, body] = refusal ? refused(refusal) : alertAnswer(request, simulator.alerts);
    sendJson(response, status, body);
  }

  const server = http.createServer(answering(handle));
  const simulator: GraphSimulator = {
    url: await listen(server, 0),
    arrivals,
    alerts: new Map(
      [...knownAlerts()].map(([id, ips]) => [id, ips && [DEVICE, ...ips.map((ip) => ipEvidence(ip))]]),
    ),
    intercept: undefined,
    close: () => {
      closing.abort();
      return closeServer(server);
    },
  };
  return simulator;
}

function refused({ status }: Refusal): [status: number, body: unknown] {
  if (status === 401)
    return graphError(401, 'InvalidAuthenticationToken', 'Access token validation failure.');
  if (status === 429) return graphError(429, 'TooManyRequests', 'Too many requests.');
  return graphError(403, 'Forbidden', `Missing application roles. API required roles: ${permission}.`);
}

function alertAnswer(
  { method, url }: IncomingMessage,
  alerts: GraphSimulator['alerts'],
): [status: number, body: unknown] {
  const [, encoded] = /^\/v1\.0\/security\/alerts_v2\/([^/?]+)$/.exec(url ?? '') ?? [];
  if (encoded === undefined || method !== 'GET') {
    return graphError(404, 'BadRequest', 'Resource not found for the segment.');
  }
  const id = decodeURIComponent(encoded);
  const known = alerts.get(id);
  if (known === null || (!known && !/^[a-z]{2}[\w-]{6,}$/.test(id))) {
    return graphError(404, 'ResourceNotFound', 'The requested alert was not found.');
  }
  const evidence = known ?? [DEVICE, ...inventIps(id).map((ip) => ipEvidence(ip))];
  return [
    200,
    {
      '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#security/alerts_v2/$entity',
      id,
      evidence,
    },
  ];
}

function graphError(status: number, code: string, message: string): [status: number, body: unknown] {
  const innerError = { date: '2026-11-30T09:00:00', 'request-id': randomUUID() };
  return [status, { error: { code, message, innerError } }];
}
