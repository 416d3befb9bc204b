import { app, type HttpRequest, type HttpResponseInit } from '@azure/functions';
import { parseDeadLetterOptions, parseRedeliverOptions } from '../shared/answers/options.js';
import type { App, Startup } from '../shared/app/app.js';
import { withoutQueue } from '../shared/delivery/send-now.js';
import { door } from '../shared/http/door.js';
import { routesBase } from '../shared/http/routes-base.js';

/**
 * Registers the endpoints of deliveries. The host tries routes in the order of registration and knows no precedence
 * of literals, so `deliveries/redeliver` comes before what has an `{id}`.
 */
export function registerDeliveries(startup: Startup): void {
  const register = (name: string, method: 'GET' | 'POST', route: string, answer: typeof delivery) =>
    app.http(name, {
      methods: [method],
      authLevel: 'function',
      route,
      handler: door(startup, (services, request) => answer(services, request)),
    });
  register('deadLetters', 'GET', 'deliveries', deadLetters);
  register('redeliverRange', 'POST', 'deliveries/redeliver', redeliverRange);
  register('delivery', 'GET', 'deliveries/{id}', delivery);
  register('redeliver', 'POST', 'deliveries/{id}/redeliver', redeliver);
}

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
