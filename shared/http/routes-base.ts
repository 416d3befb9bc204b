import type { HttpRequest } from '@azure/functions';
import { callerHeaders } from './caller-headers.js';

/**
 * Where a route of ours begins in a path, the last one: before it are the prefix and whatever a gateway adds.
 */
const ROUTE = /^(.*)\/(?:enrichAlert|enrichments|deliveries|openapi\.json|swagger\.json)(?:\/|$)/i;

/**
 * The absolute address below which the routes stand, without a slash at the end: `https://HOST/api`.
 *
 * `request.url` is made by the library of what the host says that the request came by
 * (`x-forwarded-host` and `-proto` between host and worker). Where TLS ends before the host, as on Azure,
 * the scheme that the caller used stands in the request's own `x-forwarded-proto`.
 *
 * @param publicBaseUrl wins over all that; without a slash at the end
 */
export function routesBase(
  request: Pick<HttpRequest, 'url' | 'headers'>,
  publicBaseUrl: string | undefined,
): string {
  const url = new URL(request.url);
  const [proto] = (callerHeaders(request).get('x-forwarded-proto') ?? '').split(',');
  if (proto?.trim().toLowerCase() === 'https') url.protocol = 'https:';
  const prefix = ROUTE.exec(url.pathname)?.[1] ?? '';
  return `${publicBaseUrl ?? url.origin}${prefix}`;
}
