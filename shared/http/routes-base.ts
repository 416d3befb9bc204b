import type { HttpRequest } from '@azure/functions';

/** Where a route of ours begins in a path; behind the prefix, and behind whatever a gateway adds. */
const ROUTE = /\/(?:enrichAlert|enrichments|deliveries|openapi\.json|swagger\.json)(?:\/|$)/i;

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
  const [proto] = (request.headers.get('x-forwarded-proto') ?? '').split(',');
  if (proto?.trim().toLowerCase() === 'https') url.protocol = 'https:';
  const [prefix] = url.pathname.split(ROUTE);
  return `${publicBaseUrl ?? url.origin}${prefix}`;
}
