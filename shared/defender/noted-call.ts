import { isEndpointAlertId } from '../base/alert-id.js';
import type { Clock } from '../base/clock.js';
import type { Emit } from '../base/telemetry-event.js';
import type { Call } from './call.js';
import type { Outcome } from './outcome.js';

/** A caller that tells of each call that has ended, and of none that was cut because nobody waited any more. */
export function notedCall(call: Call, clock: Clock, emit: Emit): Call {
  return async (url, token, signal) => {
    const startedAtMs = clock.epochMs();
    const beganMs = clock.monotonicMs();
    const outcome = await call(url, token, signal);
    emit({
      kind: 'upstream-call',
      ...routeOf(url),
      outcome: outcome.kind,
      status: statusOf(outcome),
      startedAtMs,
      durationMs: clock.monotonicMs() - beganMs,
    });
    return outcome;
  };
}

/** What was asked, without what it was asked about: an address is part of a payload, and pages have marks of their own. */
function routeOf(url: string) {
  const { origin, pathname } = new URL(url);
  const id = /^\/api\/alerts\/([^/]+)\/ips$/.exec(pathname)?.[1]; // as it is: an alert's has nothing to decode
  if (id) return { origin, route: '/api/alerts/{id}/ips', alertId: isEndpointAlertId(id) ? id : undefined };
  const route = /^\/api\/ips\/[^/]+\/stats$/.test(pathname) ? '/api/ips/{ip}/stats' : '/…';
  return { origin, route, alertId: undefined };
}

/** The HTTP status behind an outcome, where there was a usable one. */
function statusOf(outcome: Outcome): number | undefined {
  switch (outcome.kind) {
    case 'answered':
      return 200;
    case 'not-found':
      return 404;
    case 'throttled':
      return 429;
    case 'unauthorized':
      return 401;
    case 'forbidden':
      return 403;
    case 'refused':
    case 'unavailable':
    case 'redirected':
      return outcome.status;
    default:
      return undefined;
  }
}
