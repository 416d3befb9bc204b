import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { inventIps, inventPrevalence, isAlertId } from './alerts.js';

/** An answer of the API, before it is sent. */
export interface Answer {
  status: number;
  body: unknown;
  /** Sent as `Retry-After`. */
  retryAfterSeconds?: number;
}

const apiRoot = 'https://api.securitycenter.microsoft.com';
const hourMs = 3_600_000;

/** `{"error":{code,message,target}}`; the target is a fresh correlation id, as support asks for. */
export function errorAnswer(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message, target: randomUUID() } } };
}

/** 429 with the exact wait, in whole seconds, rounded up. */
export function tooManyRequests(waitMs: number): Answer {
  const retryAfterSeconds = Math.ceil(waitMs / 1000);
  const message = `API calls quota exceeded! You can send requests again in ${retryAfterSeconds} seconds.`;
  return { ...errorAnswer(429, 'TooManyRequests', message), retryAfterSeconds };
}

/** What a caller who may ask gets for a path: related IPs, IP statistics, or a refusal. */
export function resourceAnswer(options: {
  method: string;
  path: string;
  query: URLSearchParams;
  alerts: ReadonlyMap<string, string[] | null>;
  nowMs: number;
}): Answer {
  const { method, path, query, alerts, nowMs } = options;
  const [, kind, encoded = ''] =
    /^\/api\/(alerts)\/([^/]*)\/ips$/.exec(path) ?? /^\/api\/(ips)\/([^/]*)\/stats$/.exec(path) ?? [];
  if (!kind || method !== 'GET') return errorAnswer(404, 'NotFound', `No resource ${method} ${path}.`);
  const name = decode(encoded);
  return kind === 'alerts' ? relatedIps(name, alerts) : ipStatistics(name, query, nowMs);
}

function relatedIps(id: string, alerts: ReadonlyMap<string, string[] | null>): Answer {
  const ips = alerts.get(id);
  if (ips === undefined && !isAlertId(id)) return errorAnswer(400, 'InvalidInput', 'Invalid alert id.');
  if (ips === null) return errorAnswer(404, 'ResourceNotFound', `Alert ${id} was not found.`);
  const value = (ips ?? inventIps(id)).map((address) => ({ id: address }));
  return { status: 200, body: { '@odata.context': `${apiRoot}/$metadata#Ips`, value } };
}

/** As real answers are, which have the prevalence twice: as an older text and as a number. */
function ipStatistics(ip: string, query: URLSearchParams, nowMs: number): Answer {
  const lookBackHours = Number(query.get('lookBackHours') ?? 720);
  if (isIP(ip) === 0) return errorAnswer(400, 'InvalidInput', 'Invalid IP address.');
  if (!Number.isInteger(lookBackHours) || lookBackHours < 1 || lookBackHours > 720) {
    return errorAnswer(400, 'InvalidInput', 'lookBackHours is a whole number up to 720.');
  }
  const prevalence = inventPrevalence(ip);
  const seen = (ms: number) => (prevalence === 0 ? null : new Date(ms).toISOString().replace(/\.\d+/, ''));
  return {
    status: 200,
    body: {
      '@odata.context': `${apiRoot}/api/$metadata#microsoft.windowsDefenderATP.api.InOrgIPStats`,
      ipAddress: ip,
      orgPrevalence: String(prevalence),
      organizationPrevalence: prevalence,
      orgFirstSeen: seen(nowMs - lookBackHours * hourMs),
      orgLastSeen: seen(nowMs - hourMs),
    },
  };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
