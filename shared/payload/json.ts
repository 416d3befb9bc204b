import { RequestError } from '../base/errors.js';
import { atOnce, type Steps } from '../base/steps.js';
import { NotJson, Reader } from './pieces.js';
import { notJson } from './refusals.js';
import { BYTE_ORDER_MARK, isDeeperThan, PIECE } from './scan.js';

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

/**
 * A member by Microsoft's name of it, as JSON has it (`serviceSource`), as .NET and PowerShell write it
 * (`ServiceSource`), or as Python and Elastic do (`service_source`).
 */
export function spelt(value: unknown, name: string): unknown {
  const asItIs = member(value, name);
  if (asItIs !== undefined) return asItIs;
  const [, pascal, snake] = spellingsOf(name);
  return member(value, pascal) ?? member(value, snake);
}

/** The spellings that `spelt` looks for. */
export function spellingsOf(name: string): readonly [string, string, string] {
  const known = SPELLINGS.get(name);
  if (known) return known;
  const spellings = [
    name,
    `${(name[0] ?? '').toUpperCase()}${name.slice(1)}`,
    name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`),
  ] as const;
  SPELLINGS.set(name, spellings);
  return spellings;
}

/** By name; only names that stand in our own code come in here. */
const SPELLINGS = new Map<string, readonly [string, string, string]>();

/** The elements of an array; none for anything else. */
export function items(value: unknown): readonly unknown[] {
  return isArray(value) ? value : [];
}

/**
 * Whether one of a list's elements is what the list is named for. A list tells by its first thousand: the
 * elements of a longer one are looked at one by one all the same.
 */
export function hasSome(list: readonly unknown[], isOne: (element: unknown) => boolean): boolean {
  const last = Math.min(list.length, 1_000);
  for (let index = 0; index < last; index++) if (isOne(list[index])) return true;
  return false;
}

/** Real alerts nest less than 20 levels; deeper text is an attack on whoever walks it. */
const DEEPEST_NESTING = 100;

/**
 * Reads a posted text.
 * @throws {RequestError} `invalid-body` when it is not JSON, empty, nested too deeply, or has an object with
 *   too many members; the message says where and never what, since a payload must not be echoed
 */
export function* parsingJson(text: string): Steps<unknown> {
  if (text.trim() === '') {
    throw new RequestError('invalid-body', 'The body is empty. Post the alert as JSON.');
  }
  if (yield* isDeeperThan(DEEPEST_NESTING, text)) {
    throw new RequestError('invalid-body', `The body is nested more than ${DEEPEST_NESTING} levels deep.`);
  }
  try {
    return yield* new Reader(text).all();
  } catch (error) {
    throw error instanceof NotJson ? notJson(text, error) : error;
  }
}

/** The same without a pause. */
export function parseJson(text: string): unknown {
  return atOnce(parsingJson(text));
}

/** How a text begins that is JSON and holds something: an object, an array, a string in a string. */
const BEGINNING = /^\s*(?:\{\s*["}]|\[\s*[{["\]\d\-tfn]|")/;
const ENDS: Readonly<Record<string, string>> = { '{': '}', '[': ']', '"': '"' };

/** Texts that look like JSON and are none are read so often; each costs an exception, some microseconds. */
const MOST_FAILURES = 10_000;

/** Reads JSON texts that stand in strings of one payload. */
export class JsonTexts {
  #failures = 0;
  /** Large texts that were read in pieces, for shapes to read at once. */
  readonly #read = new Map<string, unknown>();

  /**
   * The content of a string that is itself JSON text: an object, an array or once more a string.
   * @returns undefined for any other string, and for one that is nested too deeply
   * @throws {RequestError} `invalid-body` when too many strings only look like JSON
   */
  *parsing(text: string): Steps<unknown> {
    if (!looksLikeJson(text)) return undefined;
    const known = this.#read.get(text);
    if (known !== undefined) return known;
    if (yield* isDeeperThan(DEEPEST_NESTING, text)) return undefined;
    try {
      const start = text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0;
      const value = yield* new Reader(start > 0 ? text.slice(1) : text).all();
      if (text.length > PIECE) this.#read.set(text, value);
      return value;
    } catch (error) {
      if (!(error instanceof NotJson)) throw error;
      if (++this.#failures > MOST_FAILURES) throw tooManyFailures();
      return undefined;
    }
  }

  /** The same without a pause. */
  parse(text: string): unknown {
    return atOnce(this.parsing(text));
  }
}

/** By its first and last characters, since most strings are no JSON and there can be millions. */
function looksLikeJson(text: string): boolean {
  if (text.length < 2 || !BEGINNING.test(text)) return false;
  const trimmed = text.trim();
  return trimmed.length > 1 && trimmed.at(-1) === ENDS[trimmed[0] as string];
}

function tooManyFailures(): RequestError {
  return new RequestError(
    'invalid-body',
    `More than ${MOST_FAILURES} strings in the body begin and end like JSON and are none. Leave them out.`,
  );
}
