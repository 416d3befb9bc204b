import type { HttpRequest, InvocationContext } from '@azure/functions';
import type { Trace } from '../base/trace.js';
import { callerHeaders } from './caller-headers.js';

/**
 * By what Azure Logic Apps tells its runs and their actions apart
 * (https://learn.microsoft.com/azure/logic-apps/logic-apps-http-endpoint), and the property that each
 * becomes.
 */
const RUN_HEADERS: readonly (readonly [header: string, property: string])[] = [
  ['x-ms-workflow-run-id', 'workflowRunId'],
  ['x-ms-workflow-name', 'workflowName'],
  ['x-ms-action-tracking-id', 'actionTrackingId'],
  ['x-ms-client-tracking-id', 'clientTrackingId'],
  ['x-ms-client-request-id', 'clientRequestId'],
  ['x-ms-correlation-id', 'correlationId'],
];

/** Ids and names; anybody can send anything in a header. */
const PLAIN = /^[\w.:()-]{1,128}$/;

/** On whose behalf an invocation works: the host's request, and the caller's own names for it. */
export function traceOf(input: unknown, { traceContext }: InvocationContext): Trace {
  const properties: Record<string, string> = {};
  const headers = headersOf(input);
  if (headers) {
    for (const [header, property] of RUN_HEADERS) {
      const value = headers.get(header);
      if (value !== null && PLAIN.test(value)) properties[property] = value;
    }
  }
  return { traceparent: traceContext?.traceParent || ownTraceparent(headers), properties };
}

/** Of a queue message there is nothing to get; it is JSON, whatever is in it. */
function headersOf(input: unknown): HttpRequest['headers'] | undefined {
  const request = input as HttpRequest | null | undefined;
  return typeof request?.headers?.get === 'function' ? callerHeaders(request) : undefined;
}

/**
 * The host gives a trace context only where it has telemetry of its own to put into it. Without, the caller's
 * trace goes on as it came (https://www.w3.org/TR/trace-context/#traceparent-header-field-values; only
 * version 00 is known).
 */
function ownTraceparent(headers: HttpRequest['headers'] | undefined): string | undefined {
  const given = headers?.get('traceparent') ?? '';
  return /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(given) ? given : undefined;
}
