import { RequestError } from '../base/errors.js';
import type { Schema } from './schema.js';

/** What is told of an option to people. */
export interface OptionText {
  /** A few words, as a designer shows them. */
  readonly title: string;
  /** For the documentation, in Markdown. */
  readonly description: string;
  /** Whether a designer shows it at once, or among the advanced ones. */
  readonly visibility: 'important' | 'advanced';
}

/** A query parameter of ours: what reads it, and what documents it. */
export interface Option<T> extends OptionText {
  readonly schema: Schema;
  /** The value when the caller gives none. */
  readonly fallback: T;
  /** What the documentation says in place of `fallback`, when that is not a value one could write. */
  readonly fallbackText?: string;
  /** @throws {RequestError} when `text` is no value of it */
  read(text: string, name: string): T;
}

/** Options by their names in the query. */
export type OptionSet = Readonly<Record<string, Option<unknown>>>;

/** The values of options. */
export type Values<O extends OptionSet> = { readonly [Name in keyof O]: ReturnType<O[Name]['read']> };

/** An option that takes one of several named values; `values` in the order in which they are listed. */
export function oneOf<T>(
  values: readonly { readonly name: string; readonly value: T }[],
  fallback: { readonly name: string; readonly value: T },
  text: OptionText,
): Option<T> {
  const names = values.map(({ name }) => name);
  return {
    ...text,
    schema: { type: 'string', enum: names, default: fallback.name },
    fallback: fallback.value,
    read(given, name) {
      const found = values.find((one) => one.name === given);
      if (!found) throw invalid(name, `one of ${names.join(', ')}`);
      return found.value;
    },
  };
}

/** An option that takes one of several words. */
export function word<const T extends string>(
  words: readonly T[],
  fallback: NoInfer<T>,
  text: OptionText,
): Option<T> {
  const named = (value: T) => ({ name: value, value });
  return oneOf(words.map(named), named(fallback), text);
}

/** An option that is on or off, and off unless it is given. */
export function flag(text: OptionText): Option<boolean> {
  const [on, off] = [
    { name: 'true', value: true },
    { name: 'false', value: false },
  ];
  return { ...oneOf([on, off], off, text), schema: { type: 'boolean', default: false } };
}

/** An option that takes a whole number of seconds. */
export function seconds(least: number, most: number, fallback: number, text: OptionText): Option<number> {
  return {
    ...text,
    schema: { type: 'integer', minimum: least, maximum: most, default: fallback },
    fallback,
    read(given, name) {
      const number = /^\d{1,3}$/.test(given) ? Number(given) : Number.NaN;
      if (number >= least && number <= most) return number;
      throw invalid(name, `a whole number of seconds from ${least} to ${most}`);
    },
  };
}

/** An option that takes a whole number from 1 to `most`; none unless given. */
export function count(most: number, fallbackText: string, text: OptionText): Option<number | undefined> {
  return {
    ...text,
    schema: { type: 'integer', minimum: 1, maximum: most },
    fallback: undefined,
    fallbackText,
    read(given, name) {
      const number = /^\d{1,6}$/.test(given) ? Number(given) : Number.NaN;
      if (number >= 1 && number <= most) return number;
      throw invalid(name, `a whole number from 1 to ${most}`);
    },
  };
}

/** An option that takes a text of 1 to `most` characters. */
export function text(most: number, fallbackText: string, told: OptionText): Option<string | undefined> {
  return {
    ...told,
    schema: { type: 'string', minLength: 1, maxLength: most },
    fallback: undefined,
    fallbackText,
    read(given, name) {
      if (given === '' || given.length > most) throw invalid(name, `a text of 1 to ${most} characters`);
      return given;
    },
  };
}

/**
 * A date, or a date and time with its offset from UTC, as ISO 8601 writes them. A `+` that is not encoded in
 * a URL is read as a space.
 */
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+ -]\d{2}:\d{2}))?$/;

/** An option that takes a moment, in milliseconds since the epoch; a date alone is its beginning in UTC. */
export function instant(fallbackText: string, told: OptionText): Option<number | undefined> {
  return {
    ...told,
    schema: { type: 'string', maxLength: 40 },
    fallback: undefined,
    fallbackText,
    read(given, name) {
      const ms = INSTANT.test(given) ? Date.parse(given.replace(' ', '+')) : Number.NaN;
      if (Number.isNaN(ms)) throw invalid(name, 'a moment such as 2026-11-23T18:00:00Z (ISO 8601)');
      return ms;
    },
  };
}

/** Parameters of hosts, gateways and webhook handshakes, which are none of ours; in lower case. */
const IGNORED = new Set(['code', 'clientid', 'validationtoken', 'subscription-key', 'api-version']);

/**
 * Reads a query.
 * @throws {RequestError} for a parameter or value that is not known, with a list of what is
 */
export function readOptions<O extends OptionSet>(options: O, query: URLSearchParams): Values<O> {
  const values: Record<string, unknown> = {};
  for (const name in options) values[name] = options[name]?.fallback;
  for (const name of new Set(query.keys())) {
    if (IGNORED.has(name.toLowerCase())) continue;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!option) throw unknown(name, Object.keys(options));
    const [given = '', ...more] = query.getAll(name);
    if (more.length > 0) {
      throw new RequestError('invalid-option', `The option "${name}" may be given only once.`);
    }
    values[name] = option.read(given, name);
  }
  return values as Values<O>;
}

function unknown(name: string, known: readonly string[]): RequestError {
  // Options are short words. Anything else may be a key or a payload in the wrong place, and is not repeated.
  const isName = /^[A-Za-z]{1,20}$/.test(name);
  return new RequestError(
    'unknown-option',
    `The query parameter ${isName ? `"${name}" ` : ''}is not known. Known are: ${known.join(', ')}.`,
  );
}

function invalid(name: string, wanted: string): RequestError {
  return new RequestError('invalid-option', `The option "${name}" takes ${wanted}.`);
}
