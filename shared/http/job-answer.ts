import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import type { StartedJob } from '../jobs/start.js';

/**
 * Where a job is asked for, as an absolute address: Logic Apps follows no other.
 *
 * `request.url` is made by the library of what the host says that the request came by
 * (`x-forwarded-host` and `-proto` between host and worker). Where TLS ends before the host, as on Azure,
 * the scheme that the caller used stands in the request's own `x-forwarded-proto`.
 *
 * @param publicBaseUrl wins over all that; without a slash at the end
 */
export function jobLocation(
  request: Pick<HttpRequest, 'url' | 'headers'>,
  publicBaseUrl: string | undefined,
  { id, token }: Pick<StartedJob, 'id' | 'token'>,
): string {
  const url = new URL(request.url);
  const [proto] = (request.headers.get('x-forwarded-proto') ?? '').split(',');
  if (proto?.trim().toLowerCase() === 'https') url.protocol = 'https:';
  const [prefix] = url.pathname.split(/\/(?:enrichAlert|enrichments)(?:\/|$)/i);
  return `${publicBaseUrl ?? url.origin}${prefix}/enrichments/${id}?token=${token}`;
}

/** A 202: the work goes on, and this is where and when to ask. */
export function acceptedAnswer(
  { id, view }: Pick<StartedJob, 'id' | 'view'>,
  location: string,
): HttpResponseInit {
  const { done, total, retryAfterSeconds } = view;
  return {
    status: 202,
    headers: { Location: location, 'Retry-After': String(retryAfterSeconds) },
    jsonBody: { enrichment: { id, status: 'running', done, total, retryAfterSeconds } },
  };
}
