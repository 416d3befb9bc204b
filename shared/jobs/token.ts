import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

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
