import type { UpstreamError } from '../base/errors.js';
import { parseRetryAfter } from '../base/web.js';
import { LONGEST_PAUSE_MS } from '../quota/ledger.js';
import type { Api } from './api.js';
import type { Outcome } from './outcome.js';

/** One HTTP answer, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly date: string | null;
  readonly contentType: string | null;
  readonly warning: string | null;
  readonly body: string;
}

/** Longest part of an upstream message, or of an unusable value, that is kept. */
const LONGEST_EXCERPT = 200;

/**
 * Defender's and Graph's code for an alert that they do not know. Defender's: 404 `ResourceNotFound`, "Alert
 * … not found", seen in public on the sibling route `/api/alerts/{id}/files`. `NotFound` is the general word,
 * also for a route that is gone. Graph's: seen on `alerts_v2/{id}` by others.
 */
const UNKNOWN_ALERT = 'ResourceNotFound';

/** Whether the body is what was asked for, so that all of it is needed. */
export function isSuccess(status: number): boolean {
  return status === 200 || status === 206;
}

/** Tells answers apart by their status; `nowMs` is the calendar time. */
export function readAnswer(
  answer: HttpAnswer,
  nowMs: number,
  { title, hasPartialAnswers }: Pick<Api, 'title' | 'hasPartialAnswers'>,
): Outcome {
  const { status, body } = answer;
  if (status === 200 || (status === 206 && hasPartialAnswers)) {
    const contentType = answer.contentType ?? undefined;
    return {
      kind: 'answered',
      status,
      body,
      contentType,
      isPartial: status === 206 || answer.warning !== null,
    };
  }
  const upstream = readError(body);
  const retryAfterMs = parseRetryAfter(answer.retryAfter, answer.date, nowMs, LONGEST_PAUSE_MS);
  if (status === 404) return readNotFound(title, upstream);
  if (status === 429) return { kind: 'throttled', status, retryAfterMs, upstream };
  if (status === 401) return { kind: 'unauthorized', status, upstream };
  if (status === 403) return { kind: 'forbidden', status, upstream };
  if (status === 410) return { kind: 'retired', status, upstream };
  if (status === 408 || status >= 500) return { kind: 'unavailable', status, retryAfterMs, upstream };
  if (status < 300) return { kind: 'malformed', status, what: `HTTP ${status} and no answer` };
  if (status < 400) return { kind: 'redirected', status };
  return { kind: 'refused', status, upstream };
}

/** Anybody on the way can say 404: only the API's own word for it means that the alert is unknown. */
function readNotFound(title: string, upstream: UpstreamError | undefined): Outcome {
  if (upstream?.code === UNKNOWN_ALERT) return { kind: 'not-found', status: 404, upstream };
  const said = upstream ? `the code is ${upstream.code}` : 'the body is not in its error form';
  const what = `a 404 that is not ${title}'s word for an unknown alert (${said}, not ${UNKNOWN_ALERT})`;
  return { kind: 'malformed', status: 404, what, upstream };
}

/** The error form of Defender and Graph, if the body has it. */
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

/** The JSON object that a body is, if it is one; a list is none. */
export function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The beginning of a text from outside, for an answer. */
export function excerpt(text: string): string {
  return text.length > LONGEST_EXCERPT ? `${text.slice(0, LONGEST_EXCERPT)}…` : text;
}

/** A part of a token that is as long as this could be of use to somebody; a choice. */
const SHORTEST_FRAGMENT = 20;
/** Error bodies have a few hundred characters; beyond this nothing of one is looked at. */
const LONGEST_ERROR_BODY = 65_536;
/** The beginning of every JWT: base64url of `{"`. */
const JWT = /eyJ[\w-]*(?:\.[\w-]*)*/g;
const TOKEN_CHARACTERS = /[\w.~+/-]{20,}/g;

/**
 * A body without the token that it was asked with: some proxies show a request's headers in their error
 * pages, and what is read here may be shown on. Of an error body every part of the token is taken out,
 * since its message is shown.
 */
export function withoutToken(body: string, token: string, status: number): string {
  const whole = body.replaceAll(token, '***').replace(JWT, '***');
  if (isSuccess(status)) return whole;
  const fragments = new Set<string>();
  for (let at = 0; at + SHORTEST_FRAGMENT <= token.length; at++) {
    fragments.add(token.slice(at, at + SHORTEST_FRAGMENT));
  }
  const holdsFragment = (run: string) => {
    for (let at = 0; at + SHORTEST_FRAGMENT <= run.length; at++) {
      if (fragments.has(run.slice(at, at + SHORTEST_FRAGMENT))) return true;
    }
    return false;
  };
  return whole
    .slice(0, LONGEST_ERROR_BODY)
    .replace(TOKEN_CHARACTERS, (run) => (holdsFragment(run) ? '***' : run));
}
