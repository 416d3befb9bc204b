import type { HttpRequest } from '@azure/functions';
import type { Deadline } from '../base/deadline.js';
import { RequestError } from '../base/errors.js';
import { notUtf8, unreadableType } from '../payload/refusals.js';

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The body of a request as text. At most `maxBytes` are kept, whatever the caller sends.
 * @throws {RequestError} 415 when it is not JSON in UTF-8 by its headers, 413 when it is too large,
 *   408 when it does not come before the deadline, 400 when it is cut short or no UTF-8
 */
export async function readBody(request: HttpRequest, maxBytes: number, deadline: Deadline): Promise<string> {
  checkHeaders(request.headers);
  // What is wrong before a byte has come is told at once: to read all of it could take all the time that there is.
  if (Number(request.headers.get('content-length')) > maxBytes) throw tooLarge(maxBytes);
  const bytes = await deadline.unlessOver(collect(request, maxBytes)).catch((error: unknown) => {
    if (error instanceof RequestError) throw error;
    throw deadline.signal.aborted
      ? new RequestError(
          'body-timeout',
          'The body did not arrive within the time allowed. Send it at once, or allow a longer wait.',
        )
      : new RequestError('invalid-body', 'The body was cut off on its way. Post it again.');
  });
  try {
    return UTF_8.decode(bytes);
  } catch {
    throw notUtf8(bytes);
  }
}

/** Missing ones pass: Logic Apps drops most Content-* headers. */
function checkHeaders(headers: HttpRequest['headers']): void {
  const type = headers.get('content-type');
  if (type !== null && type !== 'application/json') checkType(type.toLowerCase());
  const encoding = headers.get('content-encoding');
  if (encoding !== null && trim(encoding).toLowerCase() !== 'identity') {
    throw new RequestError(
      'unsupported-media-type',
      'Post the alert without Content-Encoding; compressed bodies are not read.',
    );
  }
}

function checkType(contentType: string): void {
  const [type = '', ...parameters] = contentType.split(';').map(trim);
  if (type !== '' && !/^(application|text)\/json$|^application\/[\w.+-]+\+json$/.test(type)) {
    throw unreadableType(type);
  }
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  if (charset && !/^charset=(["']?)(utf-?8|us-ascii)\1$/.test(charset)) {
    throw new RequestError(
      'unsupported-media-type',
      'Post the alert as JSON in UTF-8; other charsets are not read.',
    );
  }
}

/**
 * Reads to the end. What goes beyond the limit is read and dropped, since an answer sent before the
 * caller has finished sending may never reach it.
 */
async function collect(request: HttpRequest, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = request.body?.getReader();
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
    const chunk: Uint8Array = read.value;
    bytes += chunk.byteLength;
    if (bytes <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (bytes > maxBytes) throw tooLarge(maxBytes);
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): RequestError {
  return new RequestError(
    'body-too-large',
    `The body is larger than ${maxBytes} bytes. Post fewer alerts at once, or raise MAX_BODY_BYTES.`,
  );
}

function trim(text: string): string {
  return text.trim();
}
