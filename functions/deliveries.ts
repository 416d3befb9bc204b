import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { parseDeadLetterOptions, parseRedeliverOptions } from '../shared/answers/options.js';
import type { App } from '../shared/app/app.js';
import { withoutQueue } from '../shared/delivery/send-now.js';
import { routesBase } from '../shared/http/routes-base.js';

/** Dead letters, the newest first. */
export async function deadLetters(services: App, request: HttpRequest): Promise<HttpResponseInit> {
  const { destination, status, after } = parseDeadLetterOptions(request.query);
  const { value, next } = await deliveriesOf(services).listDead(destination, after);
  if (next === undefined) return { status: 200, jsonBody: { value } };
  const query = new URLSearchParams({ status, ...(destination ? { destination } : {}), after: next });
  const nextLink = `${routesBase(request, services.settings.publicBaseUrl)}/deliveries?${query}`;
  return { status: 200, jsonBody: { value, nextLink } };
}

/** Sends dead letters of a destination again. */
export async function redeliverRange(services: App, request: HttpRequest): Promise<HttpResponseInit> {
  const range = parseRedeliverOptions(request.query, services.settings.destinations);
  return { status: 200, jsonBody: await deliveriesOf(services).redeliverRange(range) };
}

/** What became of a forward. */
export async function delivery(services: App, request: HttpRequest): Promise<HttpResponseInit> {
  return { status: 200, jsonBody: { delivery: await deliveriesOf(services).ask(idIn(request)) } };
}

/** Sends a dead letter again. */
export async function redeliver(services: App, request: HttpRequest): Promise<HttpResponseInit> {
  return { status: 202, jsonBody: { delivery: await deliveriesOf(services).redeliver(idIn(request)) } };
}

function deliveriesOf({ deliveries }: App) {
  if (!deliveries) throw withoutQueue();
  return deliveries;
}

function idIn({ params }: HttpRequest): string {
  return params.id ?? '';
}
