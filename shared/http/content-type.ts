import type { HttpRequest } from '@azure/functions';
import { RequestError } from '../base/errors.js';
import { unreadableType } from '../payload/refusals.js';

/**
 * Refuses what is not JSON in UTF-8 by its headers. Missing ones pass: Logic Apps drops most Content-*
 * headers.
 * @throws {RequestError} 415
 */
export function checkHeaders(headers: HttpRequest['headers']): void {
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
  // Some devices put it into single quotes, which mean nothing there, and cannot be made to stop.
  const charset = parameters.find((parameter) => parameter.startsWith('charset='));
  if (charset && !/^charset=(["']?)(utf-?8|us-ascii)\1$/.test(charset)) {
    throw new RequestError(
      'unsupported-media-type',
      'The charset in Content-Type is neither utf-8 nor us-ascii, and others are not read. Post the alert as JSON in UTF-8.',
    );
  }
}

function trim(text: string): string {
  return text.trim();
}
