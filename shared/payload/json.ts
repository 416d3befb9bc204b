import { RequestError } from '../base/errors.js';
import { BYTE_ORDER_MARK, deepestNesting, lineAndColumn } from './scan.js';

/** A JSON object as JSON.parse makes it. Its members are only ever read as own members. */
export type JsonObject = { readonly [name: string]: unknown };

const { hasOwn } = Object;
const { isArray } = Array;

/** Whether a parsed value is an object, and no array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !isArray(value);
}

/** The own member `name` of an object; undefined for anything else. */
export function member(value: unknown, name: string): unknown {
  return isObject(value) && hasOwn(value, name) ? value[name] : undefined;
}

/** The member of a member: `inside(alert, 'properties', 'alertLink')`; undefined if a step is missing. */
export function inside(value: unknown, ...names: readonly string[]): unknown {
  let at = value;
  for (const name of names) at = member(at, name);
  return at;
}

/** The elements of an array; none for anything else. */
export function items(value: unknown): readonly unknown[] {
  return isArray(value) ? value : [];
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
  if (deepestNesting(text) > DEEPEST_NESTING) {
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

/** What a JSON text can begin with that holds something: an object, an array, a string in a string. */
const LOOKS_LIKE_JSON = /^\s*[{["]/;

/**
 * The content of a string that is itself JSON text: an object, an array or once more a string.
 * @returns undefined for any other string, and for one that is nested too deeply
 */
export function parseNested(text: string): unknown {
  if (!LOOKS_LIKE_JSON.test(text) || deepestNesting(text) > DEEPEST_NESTING) return undefined;
  try {
    return JSON.parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text);
  } catch {
    return undefined;
  }
}

/** ` (line 3, column 14)` for V8's "… at position N", the only part of its message that is no payload. */
function whereIn(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  const position = /at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message)?.[1];
  if (position === undefined) return '';
  const { line, column } = lineAndColumn(text, Number(position));
  return ` (line ${line}, column ${column})`;
}
