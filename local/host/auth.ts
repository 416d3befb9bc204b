import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Whether a request carries the function key: in the header `x-functions-key`, or as `?code=` in any case of
 * letters, which the real host looks at only if the header is missing. Of several the first counts. Compared
 * in constant time.
 */
export function hasKey(request: IncomingMessage, query: URLSearchParams, functionKey: string): boolean {
  const [inHeader] = request.headersDistinct['x-functions-key'] ?? [];
  const [, inQuery] = [...query].find(([name]) => name.toLowerCase() === 'code') ?? [];
  return timingSafeEqual(digest(inHeader ?? inQuery ?? ''), digest(functionKey));
}

/** Digests are of one length, which timingSafeEqual wants, and tell nothing of the key's own. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
