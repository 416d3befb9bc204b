import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { TraceContext } from './core-api.js';

/**
 * The trace context of an invocation (https://www.w3.org/TR/trace-context/). As in the real host, whose web
 * server opens a span of its own per request, a caller's trace goes on under a new span id; without a valid
 * `traceparent` a new trace begins; and without telemetry of the host there is none at all.
 */
export function traceContext(headers: IncomingHttpHeaders, hasTelemetry: boolean): TraceContext {
  if (!hasTelemetry) return { traceParent: '', traceState: '' };
  const given = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(String(headers.traceparent ?? ''));
  const valid = given && !/^0+$/.test(given[1] ?? '') && !/^0+$/.test(given[2] ?? '');
  const traceId = valid ? given[1] : randomBytes(16).toString('hex');
  const flags = valid ? given[3] : '00';
  return {
    traceParent: `00-${traceId}-${randomBytes(8).toString('hex')}-${flags}`,
    traceState: valid ? String(headers.tracestate ?? '') : '',
  };
}
