import type { UpstreamError } from '../base/errors.js';
import { parseRetryAfter } from '../base/web.js';
import { LONGEST_PAUSE_MS } from '../quota/ledger.js';
import type { Outcome } from './outcome.js';

/** One HTTP answer, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly date: string | null;
  readonly body: string;
}

/** Longest part of an upstream message, or of an unusable value, that is kept. */
const LONGEST_EXCERPT = 200;

/** Tells answers apart by their status; `nowMs` is the calendar time. */
export function readAnswer(answer: HttpAnswer, nowMs: number): Outcome {
  const { status } = answer;
  if (status === 200) return { kind: 'answered', body: answer.body };
  const upstream = readError(answer.body);
  const retryAfterMs = parseRetryAfter(answer.retryAfter, answer.date, nowMs, LONGEST_PAUSE_MS);
  if (status === 404) return { kind: 'not-found', upstream };
  if (status === 429) return { kind: 'throttled', retryAfterMs, upstream };
  if (status === 401) return { kind: 'unauthorized', upstream };
  if (status === 403) return { kind: 'forbidden', upstream };
  if (status === 408 || status >= 500) return { kind: 'unavailable', status, retryAfterMs, upstream };
  if (status < 300) return { kind: 'malformed', what: `HTTP ${status} and no answer` };
  if (status < 400) return { kind: 'redirected', status };
  return { kind: 'refused', status, upstream };
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

/** The JSON object that a body is, if it is one. */
export function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The beginning of a text from outside, for an answer. */
export function excerpt(text: string): string {
  return text.length > LONGEST_EXCERPT ? `${text.slice(0, LONGEST_EXCERPT)}…` : text;
}
