import type { HttpRequest, InvocationContext } from '@azure/functions';
import type { Trace } from '../base/trace.js';

/**
 * By what Azure Logic Apps tells its runs and their actions apart
 * (https://learn.microsoft.com/azure/logic-apps/logic-apps-http-endpoint), and the property that each becomes.
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
  // Of a queue message there is nothing to get; it is JSON, whatever is in it.
  const headers = (input as Partial<HttpRequest> | null | undefined)?.headers;
  const properties: Record<string, string> = {};
  if (typeof headers?.get === 'function') {
    for (const [header, property] of RUN_HEADERS) {
      const value = headers.get(header);
      if (value !== null && PLAIN.test(value)) properties[property] = value;
    }
  }
  return { traceparent: traceContext?.traceParent || undefined, properties };
}
