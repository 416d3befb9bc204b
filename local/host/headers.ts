import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { TypedData } from './core-api.js';

/** Headers that speak of one connection and are not passed on (RFC 9110, 7.6.1). */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Correlates the proxied request with its invocation (the library's httpProxy.ts). */
export const invocationIdHeader = 'x-ms-invocation-id';

/** The headers of a message that a proxy passes on, repeated ones kept apart. */
export function endToEndHeaders(message: IncomingMessage): OutgoingHttpHeaders {
  const named = (message.headers.connection ?? '').toLowerCase().split(/\s*,\s*/);
  const dropped = new Set([...hopByHop, ...named]);
  const headers: OutgoingHttpHeaders = {};
  for (const [name, values = []] of Object.entries(message.headersDistinct)) {
    if (!dropped.has(name)) headers[name] = values.length === 1 ? values[0] : values;
  }
  return headers;
}

/**
 * What the real host tells the worker about an HTTP request besides the request itself, after
 * `HttpTriggerAttributeBindingProvider` (azure-webjobs-sdk-extensions): query parameters except
 * `code`, over them route parameters, then "Query" and "Headers" as JSON. The library makes
 * `request.headers` of "Headers" and `request.params` of all the rest, so `params` holds query
 * parameters too, there as here. Keys are compared in any case.
 */
export function triggerMetadata(
  request: IncomingMessage,
  query: URLSearchParams,
  params: Record<string, string>,
): Record<string, TypedData> {
  const queryValues = new Map<string, string>();
  for (const name of new Set(query.keys())) queryValues.set(name, query.getAll(name).join(','));

  const byLowerName = new Map<string, [string, TypedData]>();
  const set = (name: string, data: TypedData) => byLowerName.set(name.toLowerCase(), [name, data]);
  for (const [name, string] of queryValues) if (name.toLowerCase() !== 'code') set(name, { string });
  for (const [name, string] of Object.entries(params)) set(name, { string });
  // The real host lets a query parameter of these names win, and the request loses its headers.
  set('Query', { json: JSON.stringify(Object.fromEntries(queryValues)) });
  set('Headers', { json: JSON.stringify(joinedHeaders(request)) });
  return Object.fromEntries(byLowerName.values());
}

function joinedHeaders(request: IncomingMessage): Record<string, string> {
  const entries = Object.entries(request.headersDistinct);
  return Object.fromEntries(entries.map(([name, values = []]) => [name, values.join(',')]));
}
