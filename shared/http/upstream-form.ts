import type { HttpResponseInit } from '@azure/functions';
import { retryAfterHeader } from '../answers/http-answer.js';
import { type EnrichmentError, retryAfterSeconds } from '../base/errors.js';
import { writeIps } from '../defender/alert-ips.js';

/** Addresses as Defender answers them. */
export function upstreamIps(apiHost: string, ips: readonly string[]): HttpResponseInit {
  return { status: 200, jsonBody: writeIps(apiHost, ips) };
}

/**
 * Defender's answer about an alert that it does not know.
 * @param reason what it means, where it was another source's word
 */
export function unknownAlert(requestId: string, reason?: string): HttpResponseInit {
  const message =
    reason ?? 'Defender does not know this alert, or it is older than the retention period of the tenant.';
  return errorForm(404, 'ResourceNotFound', message, requestId);
}

/** An error of ours in Defender's form; its own correlation id stays, if it gave one. */
export function upstreamErrorAnswer(
  error: EnrichmentError,
  requestId: string,
  nowMs: number,
): HttpResponseInit {
  const { retryAtMs, upstream, status } = error;
  const seconds = retryAtMs === undefined ? undefined : retryAfterSeconds(retryAtMs, nowMs);
  return errorForm(status, codeOf(status), error.message, upstream?.target ?? requestId, seconds);
}

/** Defender's common error codes: https://learn.microsoft.com/defender-endpoint/api/common-errors */
function codeOf(status: number): string {
  if (status === 429) return 'TooManyRequests';
  return status < 500 ? 'BadRequest' : 'InternalServerError';
}

/** `target` is what Microsoft's support asks for; with an error of ours it is our request id. */
function errorForm(
  status: number,
  code: string,
  message: string,
  target: string,
  retrySeconds?: number,
): HttpResponseInit {
  return { status, headers: retryAfterHeader(retrySeconds), jsonBody: { error: { code, message, target } } };
}
