import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import type { App } from '../shared/app/app.js';
import { withoutQueue } from '../shared/delivery/at-once.js';

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
