import type { Clock } from '../base/clock.js';
import type { Emit } from '../base/telemetry-event.js';
import { currentTrace, inTrace, type Trace } from '../base/trace.js';
import { originOf } from './destination.js';
import type { Outgoing, Send } from './sending.js';

/** A sender that tells of each attempt, as part of the request that accepted the alert. */
export function notedSend(send: Send, clock: Clock, emit: Emit): Send {
  return async (destination, outgoing, signal) => {
    const startedAtMs = clock.epochMs();
    const beganMs = clock.monotonicMs();
    const sent = await send(destination, outgoing, signal);
    if (sent.kind === 'spared') return sent; // nothing was tried
    inTrace(traceOf(outgoing), () =>
      emit({
        kind: 'delivery-attempt',
        deliveryId: outgoing.id,
        destination: destination.name,
        origin: originOf(destination),
        outcome: sent.kind,
        status: sent.status,
        startedAtMs,
        durationMs: clock.monotonicMs() - beganMs,
      }),
    );
    return sent;
  };
}

/** The request's own trace while it lasts; afterwards what the delivery has kept of it. */
function traceOf({ traceparent }: Outgoing): Trace | undefined {
  const trace = currentTrace();
  if (traceparent === undefined || idOf(trace?.traceparent) === idOf(traceparent)) return trace;
  return { traceparent, properties: {} };
}

function idOf(traceparent: string | undefined): string | undefined {
  return traceparent?.split('-')[1];
}
