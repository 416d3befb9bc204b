import { app } from '@azure/functions';
import type { Startup } from '../shared/app/app.js';
import { answerPost } from '../shared/http/answer-post.js';
import { door } from '../shared/http/door.js';
import { cloudEventsHandshake, graphHandshake } from '../shared/http/handshake.js';

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
