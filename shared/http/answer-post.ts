import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { enrichmentAnswer, isProblem } from '../answers/enrichment-answer.js';
import { answerQuery, type Options, parseOptions } from '../answers/options.js';
import type { App } from '../app/app.js';
import type { Deadline } from '../base/deadline.js';
import { inTurns } from '../base/steps.js';
import { currentTrace } from '../base/trace.js';
import type { Destination } from '../delivery/destination.js';
import type { Order } from '../delivery/forwarding.js';
import { alertIdsIn, attach, type LookedUp, lookUp, type Posted } from '../enrichment/enrich.js';
import { answersByPlace, isOverflowing, nothingLookedUp, withoutStorage } from '../jobs/overflow.js';
import { parsingJson } from '../payload/json.js';
import { findingNotifications } from '../payload/notifications.js';
import { readBody } from './body.js';
import { answerWithin, withTimeToSpare } from './deadline.js';
import { checkClientState, eventGridHandshake } from './handshake.js';
import { acceptedAnswer, jobLocation } from './job-answer.js';
import { enricherFor } from './on-behalf.js';

/**
 * The story of a post: read, look up, attach, forward; or a job, where the caller allows one and time or
 * quota do not suffice.
 * @throws {EnrichmentError} what the caller is to be told instead
 */
export function answerPost(
  services: App,
  request: HttpRequest,
  requestId: string,
): Promise<HttpResponseInit> {
  const { clock, jobs, settings } = services;
  const options = parseOptions(request.query, settings.destinations);
  return answerWithin(clock, options.waitSeconds, async (deadline) => {
    const text = await readBody(request, settings.maxBodyBytes, deadline);
    const posted = { text, payload: await inTurns(parsingJson(text)) };
    const handshake = eventGridHandshake(request.headers, posted.payload);
    if (handshake) return handshake;
    const { graphClientState } = settings.webhooks;
    if (graphClientState !== undefined) {
      checkClientState(await inTurns(findingNotifications(posted.payload)), graphClientState);
    }
    const { as, mode, stats, forward } = options;
    if (mode === 'async') {
      return answerJob(services, request, posted, options, await nothingLookedUp(posted), deadline);
    }
    const enricher = await enricherFor(services, as, request.headers, deadline);
    // A user's work must not outlive the request, since the user's token does not.
    const mayOverflow = mode === 'auto' && jobs !== undefined && as === 'app';
    const inTime = <T>(isToSpare: boolean, run: (by: Deadline) => Promise<T>) =>
      isToSpare ? withTimeToSpare(clock, options.waitSeconds, deadline, run) : run(deadline);
    const isForwarded = forward !== undefined;
    const lookedUp = await inTime(mayOverflow || isForwarded, (by) => lookUp(enricher, posted, by));
    if (mayOverflow && isOverflowing(lookedUp)) {
      return answerJob(services, request, posted, options, lookedUp, deadline);
    }
    const enriched = await inTime(isForwarded, (by) =>
      attach(enricher, posted, lookedUp, { id: requestId, stats }, by),
    );
    if (!forward || isProblem(enriched.enrichment, options.onFailure)) {
      return enrichmentAnswer(enriched, options);
    }
    const order = await deadline.unlessOver(orderForward(services, posted, options, forward));
    const delivery = await services.forwarding.forward(order, enriched, deadline);
    return enrichmentAnswer({ ...enriched, delivery }, options);
  });
}

async function answerJob(
  services: App,
  request: HttpRequest,
  posted: Posted,
  options: Options,
  lookedUp: LookedUp,
  deadline: Deadline,
): Promise<HttpResponseInit> {
  const { jobs, settings } = services;
  if (!jobs) throw withoutStorage();
  const { forward, dedupe } = options;
  const startJob = async () =>
    jobs.start({
      text: posted.text,
      alertIds: alertIdsIn(lookedUp.references),
      query: answerQuery(options),
      dedupe,
      answers: answersByPlace(lookedUp),
      forward: forward && (await orderForward(services, posted, options, forward)),
    });
  // Past the deadline it may still come to a job, for the repeated post to join.
  const started = await deadline.unlessOver(startJob());
  return acceptedAnswer(started, jobLocation(request, settings.publicBaseUrl, started));
}

function orderForward(
  { forwarding }: App,
  { text }: Posted,
  options: Options,
  { name }: Destination,
): Promise<Order> {
  const { dedupe } = options;
  const traceparent = currentTrace()?.traceparent;
  return forwarding.order({ destination: name, text, query: answerQuery(options), dedupe, traceparent });
}
