import type { HttpRequest } from '@azure/functions';
import { isObject } from '../payload/json.js';

type Headers = HttpRequest['headers'];

/** Requests whose headers may be what somebody wrote into a payload. */
const unknown = new WeakSet<object>();

/**
 * The headers that the caller sent; none of a request whose headers cannot be told from its payload's.
 * Nothing else may read `request.headers` once a body has been read.
 */
export function callerHeaders(request: Pick<HttpRequest, 'headers'>): Headers {
  return unknown.has(request) ? new Headers() : request.headers;
}

/**
 * The headers that the caller sent with this payload, or undefined when nobody can know them.
 *
 * Of a body with a Content-Length the host puts each top-level member of a JSON object into the trigger's
 * metadata, in any case of letters, and the request's own headers under `Headers` only if nothing is there
 * yet (`HttpTriggerAttributeBindingProvider` of azure-webjobs-sdk-extensions). The library takes what is
 * under exactly `Headers` for the request's. So a member `headers` empties them, and a member `Headers`
 * replaces them.
 */
export function headersBeside(request: HttpRequest, payload: unknown): Headers | undefined {
  const names = isObject(payload) ? Object.keys(payload).filter((name) => /^headers$/i.test(name)) : [];
  // `host` is in every request: where it is, and no `Headers` in the payload, nothing was taken away.
  if (names.length === 0 || (!names.includes('Headers') && request.headers.has('host')))
    return request.headers;
  unknown.add(request);
  return undefined;
}
