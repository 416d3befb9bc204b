/**
 * One file for each build of V8, with what it made of every chunk: a checksum, the length of an index, the index
 * (JSON), then V8's own data, each piece from a multiple of 16 bytes on, as V8 wants it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

const HEAD_BYTES = 16;
const ALIGNED_TO = 16;

/** Where a piece begins after the index, its length, and the checksum of the file that it was made of. */
type Index = Record<string, readonly [start: number, length: number, source: number]>;

/** What V8 made of a file. */
export interface CodePiece {
  readonly name: string;
  readonly file: Buffer;
  readonly data: Buffer;
}

/** What V8 made of exactly this file; undefined if it is not there, or was made of another one. */
export type CodeCache = (name: string, file: Buffer) => Buffer | undefined;

/**
 * Where the code cache for the engine that is running is. A cache fits one build of V8, of which the
 * version tells all but the platform: Node's own patches of V8 count in it (`11.3.244.8-node.33`).
 */
export function codeCachePath(folder: string): string {
  return join(folder, 'code-cache', `${process.platform}-${process.arch}-v8-${process.versions.v8}`);
}

/** The contents of a file with what V8 made of some files. */
export function sealed(pieces: readonly CodePiece[]): Buffer {
  const index: Index = {};
  const padded: Buffer[] = [];
  let start = 0;
  for (const { name, file, data } of pieces) {
    index[name] = [start, data.length, crc32(file)];
    padded.push(data, Buffer.alloc(aligned(data.length) - data.length));
    start += aligned(data.length);
  }
  const json = Buffer.from(JSON.stringify(index));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(json.length, 4);
  const all = Buffer.concat([head, json, Buffer.alloc(aligned(json.length) - json.length), ...padded]);
  all.writeUInt32LE(crc32(all.subarray(4)), 0);
  return all;
}

/**
 * Opens such a file. V8 compares no more of the source than its length, and crashes on a broken cache: hence the
 * checksums. They guard against accidents; whoever may write here may write the chunks as well. A CRC-32 of all costs
 * 0.35 ms, a SHA-256 three times that.
 */
export function openCodeCache(path: string): CodeCache {
  const all = readIfThere(path);
  if (all.length < HEAD_BYTES || crc32(all.subarray(4)) !== all.readUInt32LE(0)) return () => undefined;
  const jsonBytes = all.readUInt32LE(4);
  const index: Index = JSON.parse(all.toString('latin1', HEAD_BYTES, HEAD_BYTES + jsonBytes));
  const base = HEAD_BYTES + aligned(jsonBytes);
  return (name, file) => {
    const [start, length, source] = (Object.hasOwn(index, name) && index[name]) || [0, 0, -1];
    return crc32(file) === source ? all.subarray(base + start, base + start + length) : undefined;
  };
}

/** Nothing where there is no file: packaged for another Node, the app is slower by that, and right. */
function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNED_TO) * ALIGNED_TO;
}
