import { app } from '@azure/functions';
import type { Startup } from '../shared/app.js';
import { enrich } from '../shared/enrich.js';
import { readBody } from '../shared/http/body.js';
import { answerWithin } from '../shared/http/deadline.js';
import { door } from '../shared/http/door.js';
import { enrichmentAnswer } from '../shared/http/enrichment-answer.js';
import { parseOptions } from '../shared/http/options.js';

/**
 * `POST /api/enrichAlert`: an alert in, the same alert with its IPs out. It stands on its default
 * route because the Logic Apps designer offers no others.
 */
export function registerEnrichAlert(startup: Startup): void {
  app.http('enrichAlert', {
    methods: ['POST'],
    authLevel: 'function',
    handler: door(startup, (services, request, requestId) => {
      const options = parseOptions(request.query);
      return answerWithin(services.clock, options.waitSeconds, async (deadline) => {
        const text = await readBody(request, services.settings.maxBodyBytes, deadline);
        return enrichmentAnswer(await enrich(services, text, requestId, deadline), options);
      });
    }),
  });
}
