import type { UpstreamError } from '../errors.js';
import { parseIpAddress } from '../ip-address.js';
import type { Outcome } from './outcome.js';
import { parseRetryAfter } from './retry-after.js';

/** One HTTP answer, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly date: string | null;
  readonly body: string;
}

/** Longest part of an upstream message, or of an unusable value, that is kept. */
const LONGEST_EXCERPT = 200;

/** Reads what Defender answered to `GET /api/alerts/{id}/ips`; `nowMs` is the calendar time. */
export function readAnswer(answer: HttpAnswer, nowMs: number): Outcome {
  const { status } = answer;
  if (status === 200) return readIps(answer.body);
  const upstream = readError(answer.body);
  const retryAfterMs = parseRetryAfter(answer.retryAfter, answer.date, nowMs);
  if (status === 404) return { kind: 'unknown-alert', upstream };
  if (status === 429) return { kind: 'throttled', retryAfterMs, upstream };
  if (status === 401) return { kind: 'unauthorized', upstream };
  if (status === 403) return { kind: 'forbidden', upstream };
  if (status === 408 || status >= 500) return { kind: 'unavailable', status, retryAfterMs, upstream };
  if (status >= 300 && status < 400) return { kind: 'redirected', status };
  return { kind: 'refused', status, upstream };
}

/**
 * Reads `{"value":[{"id":"104.80.104.128"}, …]}`. Anything else is malformed and never "no IPs": a
 * proxy's page or a cut body must not look like a harmless alert. Among good addresses, values that
 * are none are set aside; a list with values and not one address is malformed.
 */
function readIps(body: string): Outcome {
  const document = parseObject(body);
  if (!document) return { kind: 'malformed', what: 'a body that is no JSON object' };
  const { value, '@odata.nextLink': nextLink } = document;
  if (!Array.isArray(value)) return { kind: 'malformed', what: 'a body without a "value" list' };
  const ips = new Set<string>();
  const unusable: string[] = [];
  for (const item of value) {
    const ip = parseIpAddress(item?.id);
    if (ip) ips.add(ip.address);
    else unusable.push(excerpt(JSON.stringify(item?.id ?? item)));
  }
  if (ips.size === 0 && unusable.length > 0)
    return { kind: 'malformed', what: 'a list without one IP address' };
  if (nextLink !== undefined && typeof nextLink !== 'string') {
    return { kind: 'malformed', what: 'an "@odata.nextLink" that is no text' };
  }
  return { kind: 'ips', page: { ips: [...ips], unusable, nextLink } };
}

/** Defender's error form, if the body has it. */
function readError(body: string): UpstreamError | undefined {
  const error = parseObject(body)?.error;
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, message, target } = error as Record<string, unknown>;
  if (typeof code !== 'string') return undefined;
  return {
    code: excerpt(code),
    message: typeof message === 'string' ? excerpt(message) : '',
    ...(typeof target === 'string' ? { target: excerpt(target) } : {}),
  };
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function excerpt(text: string): string {
  return text.length > LONGEST_EXCERPT ? `${text.slice(0, LONGEST_EXCERPT)}…` : text;
}
