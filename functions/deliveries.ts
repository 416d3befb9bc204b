import { app, type HttpRequest } from '@azure/functions';
import type { App, Startup } from '../shared/app/app.js';
import { withoutQueue } from '../shared/delivery/send-now.js';
import { door } from '../shared/http/door.js';

/**
 * `GET /api/deliveries/{id}`: what became of a forward. `POST /api/deliveries/{id}/redeliver`: sends a dead
 * letter again.
 */
export function registerDeliveries(startup: Startup): void {
  app.http('delivery', {
    methods: ['GET'],
    authLevel: 'function',
    route: 'deliveries/{id}',
    handler: door(startup, async (services, request) => {
      return { status: 200, jsonBody: { delivery: await deliveriesOf(services).ask(idIn(request)) } };
    }),
  });
  app.http('redeliver', {
    methods: ['POST'],
    authLevel: 'function',
    route: 'deliveries/{id}/redeliver',
    handler: door(startup, async (services, request) => {
      return { status: 202, jsonBody: { delivery: await deliveriesOf(services).redeliver(idIn(request)) } };
    }),
  });
}

function deliveriesOf({ deliveries }: App) {
  if (!deliveries) throw withoutQueue();
  return deliveries;
}

function idIn({ params }: HttpRequest): string {
  return params.id ?? '';
}
