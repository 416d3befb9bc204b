import type { HttpRequest } from '@azure/functions';
import { RequestError } from '../base/errors.js';

/** What is not JSON in UTF-8 by its headers or its first bytes, and what its sender should do instead. */

const GZIP =
  'The body is compressed, and compressed bodies are not read. Post the alert as it is, without Content-Encoding.';
const UTF_16 = 'The body is UTF-16. Post the alert as JSON in UTF-8.';
const AS_JSON = 'Post the alert as JSON, with Content-Type: application/json';

/** Content types that senders use by mistake, and what to do about each. */
const MISTAKEN: readonly (readonly [type: RegExp, hint: string])[] = [
  [/^multipart\//, 'This is an upload in parts. Post the content of the part itself as the body'],
  [
    /^application\/x-www-form-urlencoded$/,
    'This is the type of a form, which curl sends unless told otherwise',
  ],
  [/^text\/plain$/, 'An alert id by itself is JSON when it stands in quotes'],
  [
    /(?:ndjson|jsonl|json-?lines|json-seq)$/,
    'These are several documents. Post one, a list of all: [ALERT, ALERT]',
  ],
  [/^application\/(?:gzip|x-gzip|zip|zstd)$/, 'Compressed bodies are not read'],
];

/**
 * Missing headers pass: Logic Apps drops most Content-* headers.
 * @throws {RequestError} 415
 */
export function checkHeaders(headers: HttpRequest['headers']): void {
  const type = headers.get('content-type');
  if (type !== null && type !== 'application/json') checkType(type.toLowerCase());
  const encoding = headers.get('content-encoding');
  if (encoding !== null && trim(encoding).toLowerCase() !== 'identity') throw unsupported(GZIP);
}

function checkType(contentType: string): void {
  const [type = '', ...parameters] = contentType.split(';').map(trim);
  if (type !== '' && !/^(application|text)\/json$|^application\/[\w.+-]+\+json$/.test(type)) {
    const hint = MISTAKEN.find(([mistaken]) => mistaken.test(type))?.[1];
    throw unsupported(hint ? `${hint}. ${AS_JSON}.` : `${AS_JSON}.`);
  }
  // Some devices put it into single quotes, which mean nothing there, and cannot be made to stop.
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  if (charset && !/^(["']?)(?:utf-?8|us-ascii)\1$/.test(charset)) {
    throw unsupported(
      'The charset in Content-Type is neither utf-8 nor us-ascii, and others are not read. Post the alert as JSON in UTF-8.',
    );
  }
}

/**
 * Names the encodings that are mistaken for UTF-8, by their first bytes. JSON begins with an ASCII character, so a
 * zero beside it is UTF-16.
 * @throws {RequestError} 400
 */
export function checkEncoding(bytes: Uint8Array): void {
  const [first = 1, second = 1] = bytes;
  if (first === 0x1f && second === 0x8b) throw new RequestError('invalid-body', GZIP);
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isMarked || first === 0 || second === 0) throw new RequestError('invalid-body', UTF_16);
}

function unsupported(detail: string): RequestError {
  return new RequestError('unsupported-media-type', detail);
}

function trim(text: string): string {
  return text.trim();
}
