import type { HttpResponseInit } from '@azure/functions';
import { type EnrichmentError, type Problem, retryAfterSeconds, toProblem } from '../base/errors.js';

/** An answer, and what the log says of it. */
export interface Answered extends HttpResponseInit {
  readonly logged?: Logged;
}

/** Why an answer is not what its caller hoped for. */
export interface Logged {
  /** The failure that the answer is about; a 200 has one when lookups failed. */
  readonly error: EnrichmentError | undefined;
  /** Errors among which are faults of the app itself. */
  readonly faults: readonly EnrichmentError[];
}

/** Content-Type of a problem document. */
const PROBLEM_JSON = 'application/problem+json';

/** `Retry-After`, where there is a wait to name. */
export function retryAfterHeader(seconds: number | undefined): Record<string, string> {
  return seconds === undefined ? {} : { 'Retry-After': String(seconds) };
}

/** A problem document as an answer. */
export function problemAnswer(
  problem: Problem,
  requestId: string,
  retrySeconds: number | undefined,
  more: Readonly<Record<string, unknown>> = {},
): HttpResponseInit {
  return {
    status: problem.status,
    headers: { 'Content-Type': PROBLEM_JSON, ...retryAfterHeader(retrySeconds) },
    body: JSON.stringify({ ...problem, requestId, ...more }),
  };
}

/** An error as an answer; `nowMs` is the monotonic time, for `Retry-After`. */
export function errorAnswer(error: EnrichmentError, requestId: string, nowMs: number): HttpResponseInit {
  const { retryAtMs, challenge } = error;
  const seconds = retryAtMs === undefined ? undefined : retryAfterSeconds(retryAtMs, nowMs);
  const answer = problemAnswer(toProblem(error), requestId, seconds);
  if (challenge === undefined) return answer;
  return {
    ...answer,
    headers: { ...(answer.headers as Record<string, string>), 'WWW-Authenticate': challenge },
  };
}
