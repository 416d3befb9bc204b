import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import type { StartedJob } from '../jobs/start.js';
import { routesBase } from './routes-base.js';

/** Where a job is asked for, as an absolute address: Logic Apps follows no other. */
export function jobLocation(
  request: Pick<HttpRequest, 'url' | 'headers'>,
  publicBaseUrl: string | undefined,
  { id, token }: Pick<StartedJob, 'id' | 'token'>,
): string {
  return `${routesBase(request, publicBaseUrl)}/enrichments/${id}?token=${token}`;
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
