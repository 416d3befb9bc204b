import { app, type HttpRequest, type HttpResponseInit } from '@azure/functions';
import type { App, Startup } from '../shared/app.js';
import { alertIdsIn, attach, type LookedUp, lookUp, type Posted } from '../shared/enrich.js';
import { readBody } from '../shared/http/body.js';
import { answerWithin, withTimeToSpare } from '../shared/http/deadline.js';
import { door } from '../shared/http/door.js';
import { enrichmentAnswer } from '../shared/http/enrichment-answer.js';
import {
  checkClientState,
  cloudEventsHandshake,
  eventGridHandshake,
  graphHandshake,
} from '../shared/http/handshake.js';
import { acceptedAnswer, jobLocation } from '../shared/http/job-answer.js';
import { enricherFor } from '../shared/http/on-behalf.js';
import { answerQuery, type Options, parseOptions } from '../shared/http/options.js';
import { answersByPlace, isOverflowing, nothingLookedUp, withoutStorage } from '../shared/jobs/overflow.js';
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
  const { clock, jobs, settings } = services;
  const options = parseOptions(request.query);
  return answerWithin(clock, options.waitSeconds, async (deadline) => {
    const text = await readBody(request, settings.maxBodyBytes, deadline);
    const posted = { text, payload: parseJson(text) };
    const handshake = eventGridHandshake(request.headers, posted.payload);
    if (handshake) return handshake;
    checkClientState(posted.payload, settings.webhooks.graphClientState);
    const { as, mode, stats, waitSeconds } = options;
    if (mode === 'async') return answerJob(services, request, posted, options, nothingLookedUp(posted));
    const enricher = await enricherFor(services, as, request.headers, deadline);
    // A user's work must not outlive the request, since the user's token does not.
    const mayOverflow = mode === 'auto' && jobs !== undefined && as === 'app';
    const lookedUp = mayOverflow
      ? await withTimeToSpare(clock, waitSeconds, deadline, (sooner) => lookUp(enricher, posted, sooner))
      : await lookUp(enricher, posted, deadline);
    if (mayOverflow && isOverflowing(lookedUp)) {
      return answerJob(services, request, posted, options, lookedUp);
    }
    return enrichmentAnswer(
      await attach(enricher, posted, lookedUp, { id: requestId, stats }, deadline),
      options,
    );
  });
}

async function answerJob(
  { jobs, settings }: App,
  request: HttpRequest,
  { text }: Posted,
  options: Options,
  lookedUp: LookedUp,
): Promise<HttpResponseInit> {
  if (!jobs) throw withoutStorage();
  const started = await jobs.start({
    text,
    alertIds: alertIdsIn(lookedUp.references),
    query: answerQuery(options),
    dedupe: options.dedupe,
    answers: answersByPlace(lookedUp),
  });
  return acceptedAnswer(started, jobLocation(request, settings.jobs.publicBaseUrl, started));
}
