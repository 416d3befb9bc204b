/** The files that hold what V8 made of a chunk: a digest, then V8's own data. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DIGEST_BYTES = 32;

/**
 * Where the code caches for the engine that is running are. A cache fits one build of V8, of which the
 * version tells all but the platform: Node's own patches of V8 count in it (`11.3.244.8-node.33`).
 */
export function codeCacheFolder(folder: string): string {
  return join(folder, 'code-cache', `${process.platform}-${process.arch}-v8-${process.versions.v8}`);
}

/** The contents of a file with what V8 made of a source. */
export function sealed(data: Buffer, source: string): Buffer {
  return Buffer.concat([digestOf(data, source), data]);
}

/**
 * What V8 made of exactly this source; undefined if there is no such file, or if it is another's or
 * broken. V8 itself compares no more of the source than its length, and crashes on a broken cache.
 */
export function readCodeCache(path: string, source: string): Buffer | undefined {
  let file: Buffer;
  try {
    file = readFileSync(path);
  } catch {
    return undefined; // packaged under another Node: slower by that, and right
  }
  const data = file.subarray(DIGEST_BYTES);
  return digestOf(data, source).equals(file.subarray(0, DIGEST_BYTES)) ? data : undefined;
}

function digestOf(data: Buffer, source: string): Buffer {
  return createHash('sha256').update(source).update(data).digest();
}
