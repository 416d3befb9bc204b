import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { enrichmentAnswer, isProblem } from '../answers/enrichment-answer.js';
import type { Answered } from '../answers/http-answer.js';
import { answerQuery, type Options, parseOptions } from '../answers/options.js';
import type { App } from '../app/app.js';
import type { Deadline } from '../base/deadline.js';
import { RequestError } from '../base/errors.js';
import { inTurns } from '../base/steps.js';
import { currentTrace } from '../base/trace.js';
import type { Destination } from '../delivery/destination.js';
import type { Reservation } from '../delivery/forwarding.js';
import { alertIdsIn, attach, type LookedUp, lookUp, type Posted, recognised } from '../enrichment/enrich.js';
import type { ForwardReceipt, LookupResult } from '../enrichment/result.js';
import type { Answers } from '../jobs/answers.js';
import type { AlertLookup } from '../lookup/sources-lookup.js';
import { findingNotifications } from '../payload/notifications.js';
import type { AlertReference } from '../payload/references.js';
import { answerWithin, withTimeToSpare } from './answer-within.js';
import { readPost } from './body.js';
import { checkClientState, eventGridHandshake } from './handshake.js';
import { acceptedAnswer, jobLocation } from './job-answer.js';
import { enricherFor } from './on-behalf.js';

/**
 * The story of a post: read, look up, attach, forward; or a job, where the caller allows one and time or
 * quota do not suffice.
 * @throws {EnrichmentError} what the caller is answered instead
 */
export function answerPost(services: App, request: HttpRequest, requestId: string): Promise<Answered> {
  const { clock, jobs, settings } = services;
  const options = parseOptions(request.query, settings.destinations);
  return answerWithin(clock, options.waitSeconds, async (deadline) => {
    const posted = await readPost(request, { clock, maxBytes: settings.maxBodyBytes, deadline });
    const handshake = eventGridHandshake(posted.headers, posted.payload);
    if (handshake) return handshake;
    const { graphClientState } = settings.webhooks;
    if (graphClientState !== undefined) {
      checkClientState(await inTurns(findingNotifications(posted.payload)), graphClientState);
    }
    const { as, mode, stats, scope, sources, forward } = options;
    if (mode === 'async' && !jobs) throw withoutStorage();
    const references = await recognised(posted, services.canAsk);
    const asked = { id: requestId, stats, scope };
    const reservation =
      forward && (await deadline.unlessOver(reserveForward(services, posted, options, forward)));
    const delivery = reservation && (await deadline.unlessOver(services.forwarding.receipt(reservation)));
    if (delivery) {
      const known = alreadyForwarded(services.lookup, references, delivery, sources);
      const enriched = await attach(services, posted, known, { ...asked, stats: false }, deadline);
      return enrichmentAnswer({ ...enriched, delivery }, options);
    }
    const beginJob = (lookedUp: LookedUp) =>
      answerJob(services, request, { posted, options, reservation }, lookedUp, deadline);
    if (mode === 'async') return beginJob({ references, results: new Map() });
    const enricher = await enricherFor(services, as, posted.headers, deadline);
    // A user's work must not outlive the request, since the user's token does not.
    const mayOverflow = mode === 'auto' && jobs !== undefined && as === 'app';
    const inTime = <T>(isToSpare: boolean, run: (by: Deadline) => Promise<T>) =>
      isToSpare ? withTimeToSpare(clock, options.waitSeconds, deadline, run) : run(deadline);
    const isForwarded = reservation !== undefined;
    const lookedUp = await inTime(mayOverflow || isForwarded, (by) =>
      lookUp(enricher, references, by, sources),
    );
    if (mayOverflow && isOverflowing(lookedUp)) return beginJob(lookedUp);
    const enriched = await inTime(isForwarded, (by) => attach(enricher, posted, lookedUp, asked, by));
    if (!reservation || isProblem(enriched.enrichment, options.onFailure)) {
      return enrichmentAnswer(enriched, options);
    }
    const receipt = await services.forwarding.forward(reservation, enriched, deadline);
    return enrichmentAnswer({ ...enriched, delivery: receipt }, options);
  });
}

/** What waiting helps, however long: no permit, or no answer, before the caller's time was up. */
const OVERFLOWS: readonly string[] = ['quota-exhausted', 'deadline-exceeded'];

/** Whether some of a request could not be done in its time, and a job can. */
function isOverflowing({ results }: LookedUp): boolean {
  return [...results.values()].some((result) => 'error' in result && OVERFLOWS.includes(result.error.kind));
}

/**
 * The alerts of a post that was forwarded before: what this process knows of them is shown, and nobody is
 * asked again. A caller that repeats its post, as Logic Apps and Event Grid do, must not spend the quota
 * twice.
 */
function alreadyForwarded(
  lookup: AlertLookup,
  references: readonly AlertReference[],
  { id }: ForwardReceipt,
  sources: Options['sources'],
): LookedUp {
  const notAsked = `Not looked up again: this post was forwarded before, as the delivery ${id}.`;
  const results = alertIdsIn(references).map((alertId): [string, LookupResult] => {
    const found = lookup.known(alertId, sources);
    return [alertId, found ? { ok: true, found } : { ok: false, notAsked }];
  });
  return { references, results: new Map(results) };
}

/** A post that becomes a job, and the id that is reserved for forwarding what comes of it. */
interface JobPost {
  readonly posted: Posted;
  readonly options: Options;
  readonly reservation: Reservation | undefined;
}

async function answerJob(
  { jobs, settings }: App,
  request: HttpRequest,
  { posted, options, reservation }: JobPost,
  lookedUp: LookedUp,
  deadline: Deadline,
): Promise<HttpResponseInit> {
  if (!jobs) throw withoutStorage();
  const starting = jobs.start({
    text: posted.text,
    alertIds: alertIdsIn(lookedUp.references),
    query: answerQuery(options),
    dedupe: options.dedupe,
    answers: answersByPlace(lookedUp),
    forward: reservation,
  });
  // Past the deadline it may still come to a job, for the repeated post to join.
  const started = await deadline.unlessOver(starting);
  return acceptedAnswer(started, jobLocation(request, settings.publicBaseUrl, started));
}

/** The answers that there are, by the place of their alert among those to be looked up. */
function answersByPlace({ references, results }: LookedUp): Answers {
  const answered = alertIdsIn(references).flatMap((alertId, index) => {
    const result = results.get(alertId);
    return result?.ok ? [[index, result.found] as const] : [];
  });
  return new Map(answered);
}

/** What a caller is answered who wants a job where nothing is stored. */
function withoutStorage(): RequestError {
  return new RequestError(
    'option-not-available',
    'mode=async makes a job, and jobs need storage: STATE_STORAGE is "memory". Name a storage connection there, ' +
      'or post with mode=sync.',
  );
}

function reserveForward(
  { forwarding }: App,
  { text }: Posted,
  options: Options,
  { name }: Destination,
): Promise<Reservation> {
  const { dedupe } = options;
  const traceparent = currentTrace()?.traceparent;
  return forwarding.reserve({ destination: name, text, query: answerQuery(options), dedupe, traceparent });
}
