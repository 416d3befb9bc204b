import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Whether a request carries the function key: in the header `x-functions-key`, or as `?code=`, which
 * the real host looks at only if the header is missing. Compared in constant time.
 */
export function hasKey(request: IncomingMessage, query: URLSearchParams, functionKey: string): boolean {
  const given = request.headers['x-functions-key'] ?? query.get('code') ?? '';
  return timingSafeEqual(digest(String(given)), digest(functionKey));
}

/** Digests are of one length, which timingSafeEqual wants, and tell nothing of the key's own. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
