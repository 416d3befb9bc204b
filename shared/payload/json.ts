import { RequestError } from '../errors.js';

/** A JSON object as JSON.parse makes it. Its members are only ever read as own members. */
export type JsonObject = { readonly [name: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The own member `name` of an object; undefined for anything else. */
export function member(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Real alerts nest less than 20 levels; deeper text is an attack on whoever walks it. */
const DEEPEST_NESTING = 100;

/**
 * Reads a posted text.
 * @throws {RequestError} `invalid-body` when it is not JSON, empty or nested too deeply; the message
 *   says where and never what, since a payload must not be echoed
 */
export function parseJson(text: string): unknown {
  if (text.trim() === '') {
    throw new RequestError('invalid-body', 'The body is empty. Post the alert as JSON.');
  }
  if (nesting(text) > DEEPEST_NESTING) {
    throw new RequestError('invalid-body', `The body is nested more than ${DEEPEST_NESTING} levels deep.`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RequestError(
      'invalid-body',
      `The body is not JSON${whereIn(text, error)}. Post the alert as JSON.`,
    );
  }
}

/** The deepest nesting of brackets outside strings. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at) - 1;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--;
    }
  }
  return deepest;
}

export const QUOTE = 0x22;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
const BACKSLASH = 0x5c;

/** The index behind the closing quote of the string that opens at `start`, or the text's end. */
export function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
}

/** ` (line 3, column 14)` for V8's "… at position N", the only part of its message that is no payload. */
function whereIn(text: string, error: unknown): string {
  const position = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  if (position === undefined) return '';
  const before = text.slice(0, Number(position)).split('\n');
  return ` (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}
