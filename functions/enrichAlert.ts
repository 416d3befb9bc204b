import { app, type HttpRequest, type HttpResponseInit } from '@azure/functions';
import type { App, Startup } from '../shared/app.js';
import { enrich } from '../shared/enrich.js';
import { readBody } from '../shared/http/body.js';
import { answerWithin } from '../shared/http/deadline.js';
import { door } from '../shared/http/door.js';
import { enrichmentAnswer } from '../shared/http/enrichment-answer.js';
import {
  checkClientState,
  cloudEventsHandshake,
  eventGridHandshake,
  graphHandshake,
} from '../shared/http/handshake.js';
import { parseOptions } from '../shared/http/options.js';
import { parseJson } from '../shared/payload/json.js';

/**
 * `POST /api/enrichAlert`: an alert in, the same alert with its IPs out. It stands on its default
 * route because the Logic Apps designer offers no others. `OPTIONS` is for the CloudEvents handshake.
 */
export function registerEnrichAlert(startup: Startup): void {
  app.http('enrichAlert', {
    methods: ['POST', 'OPTIONS'],
    authLevel: 'function',
    handler: door(startup, async (services, request, requestId) => {
      const { quota, webhooks } = services.settings;
      if (request.method === 'OPTIONS') {
        return cloudEventsHandshake(request.headers, webhooks.eventOrigins, quota.perMinute);
      }
      return graphHandshake(request.query) ?? answerPost(services, request, requestId);
    }),
  });
}

function answerPost(services: App, request: HttpRequest, requestId: string): Promise<HttpResponseInit> {
  const { maxBodyBytes, webhooks } = services.settings;
  const options = parseOptions(request.query);
  return answerWithin(services.clock, options.waitSeconds, async (deadline) => {
    const text = await readBody(request, maxBodyBytes, deadline);
    const payload = parseJson(text);
    const handshake = eventGridHandshake(request.headers, payload);
    if (handshake) return handshake;
    checkClientState(payload, webhooks.graphClientState);
    const enriched = await enrich(
      services,
      { text, payload },
      { id: requestId, stats: options.stats },
      deadline,
    );
    return enrichmentAnswer(enriched, options);
  });
}
