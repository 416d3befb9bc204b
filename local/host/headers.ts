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

/**
 * Correlates the proxied request with its invocation (the library's httpProxy.ts); the caller sees it, too.
 */
export const invocationIdHeader = 'x-ms-invocation-id';

/** Kestrel's limits: a request line of 8 kB, 100 headers, 32 kB of them. Node adds the line to the latter. */
export const FRONT_LIMITS = { requestLine: 8_192, headers: 100, headerBytes: 32_768 };

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
 * The target of a request as the proxy sends it on: Kestrel decodes the path but for `%2F`, and YARP and
 * .NET's `Uri` encode it again, so that `%2F` becomes `%252F` and `%41` an `A`.
 */
export function forwardedTarget(url: string): string {
  const [path = '', ...query] = url.split('?');
  const decoded = path.replace(/(?:%[0-9a-f]{2})+/gi, (run) =>
    run
      .split(/(%2f)/i)
      .map((part) => (/^%2f$/i.test(part) ? part : decode(part)))
      .join(''),
  );
  const encoded = encodeURI(decoded);
  if (query.length === 0) return encoded;
  return `${encoded}?${query.join('?').replace(/%([0-9a-f]{2})/gi, unescapeUnreserved)}`;
}

/** What is not UTF-8 stays as it is. */
function decode(run: string): string {
  try {
    return decodeURIComponent(run);
  } catch {
    return run;
  }
}

function unescapeUnreserved(escaped: string, hex: string): string {
  const character = String.fromCharCode(Number.parseInt(hex, 16));
  return /[\w.~-]/.test(character) ? character : escaped;
}

/**
 * What becomes of a request by its line and headers alone: the front's own answer, or a request that is never
 * sent on.
 */
export function judgeHead({
  url = '',
  rawHeaders,
}: IncomingMessage): 'usable' | 'unsendable' | 400 | 414 | 431 {
  if (url.length > FRONT_LIMITS.requestLine) return 414;
  if (rawHeaders.length / 2 > FRONT_LIMITS.headers) return 431;
  const headerBytes = rawHeaders.reduce((sum, part) => sum + part.length + 2, 0); // `: ` and the line's end
  if (headerBytes > FRONT_LIMITS.headerBytes) return 431;
  // Kestrel reads UTF-8; the client that forwards writes ASCII, and fails with anything else.
  const bytes = Buffer.from(rawHeaders.join('\n'), 'latin1');
  if (bytes.every((byte) => byte < 0x80)) return 'usable';
  return bytes.equals(Buffer.from(bytes.toString('utf8'))) ? 'unsendable' : 400;
}

/**
 * What the real host tells the worker about an HTTP request besides the request itself, after
 * `HttpTriggerAttributeBindingProvider` (azure-webjobs-sdk-extensions): query parameters except `code`, over
 * them the members of a JSON body that has a Content-Length, over them route parameters, then "Query" and
 * "Headers" as JSON, where nothing has their name yet. The library makes `request.headers` of "Headers",
 * spelt like that, and `request.params` of every text. Keys are compared in any case, and keep their first
 * spelling.
 */
export function triggerMetadata(
  request: IncomingMessage,
  query: URLSearchParams,
  params: Record<string, string>,
  body?: string,
): Record<string, TypedData> {
  const byLowerName = new Map<string, [string, TypedData]>();
  const set = (name: string, data: TypedData) => {
    const before = byLowerName.get(name.toLowerCase());
    byLowerName.set(name.toLowerCase(), [before?.[0] ?? name, data]);
  };
  const lastOf = Object.fromEntries(query); // of parameters of one name, the last one
  for (const [name, string] of Object.entries(lastOf))
    if (name.toLowerCase() !== 'code') set(name, { string });
  for (const [name, data] of members(body)) set(name, data);
  for (const [name, string] of Object.entries(params)) set(name, { string });
  const own = { Query: lastOf, Headers: joinedHeaders(request) };
  for (const [name, value] of Object.entries(own)) {
    if (!byLowerName.has(name.toLowerCase())) set(name, { json: JSON.stringify(value) });
  }
  return Object.fromEntries(byLowerName.values());
}

/** Newtonsoft's limit; what is nested deeper is not read, and nobody is told. */
const DEEPEST = 64;

/** The members of a JSON object, as `Utility.ApplyBindingData` adds them: no arrays and no nulls. */
export function members(text: string | undefined): [name: string, data: TypedData][] {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    return [];
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depthOf(value) > DEEPEST)
    return [];
  return Object.entries(value).flatMap(([name, one]): [string, TypedData][] => {
    if (one === null || Array.isArray(one)) return [];
    return [[name, typeof one === 'object' ? { json: JSON.stringify(one) } : { string: String(one) }]];
  });
}

function depthOf(value: unknown): number {
  let depth = 0;
  for (let level: unknown[] = [value]; level.length > 0; depth++) {
    level = level
      .filter((one) => typeof one === 'object' && one !== null)
      .flatMap((one) => Object.values(one as object));
  }
  return depth - 1;
}

function joinedHeaders(request: IncomingMessage): Record<string, string> {
  const entries = Object.entries(request.headersDistinct);
  return Object.fromEntries(entries.map(([name, values = []]) => [name, values.join(',')]));
}
