import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { setImmediate as letOthersIn } from 'node:timers/promises';

/** A token that opens a job: 256 random bits, in base64url. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of a token: whoever reads the storage account cannot open a job with it. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** Whether a token is one of those, in a time that tells neither which nor how nearly. */
export function opens(token: string, digests: readonly string[]): boolean {
  const given = Buffer.from(digestOf(token));
  let isOne = false;
  for (const digest of digests) {
    const kept = Buffer.from(digest);
    if (kept.length === given.length && timingSafeEqual(kept, given)) isOne = true;
  }
  return isOne;
}

/** Characters that are hashed at a time: some milliseconds. */
const CHUNK_CHARACTERS = 4_000_000;

/**
 * The SHA-256 of a text that can have 20 MB and more, in base64url. Between two pieces others get their turn.
 * Byte order marks at its beginning do not count: one that was stored is read back without it.
 */
export async function digestOfText(given: string): Promise<string> {
  const text = given.replace(/^\uFEFF+/, '');
  const hash = createHash('sha256');
  for (let at = 0; at < text.length; at += CHUNK_CHARACTERS) {
    if (at > 0) await letOthersIn();
    hash.update(text.slice(at, at + CHUNK_CHARACTERS));
  }
  return hash.digest('base64url');
}
