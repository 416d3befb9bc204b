import type { SettingProblem } from '../base/setting-reader.js';
import { isObject } from '../payload/json.js';

/** The setting that holds all destinations. */
export const SETTING = 'FORWARD_DESTINATIONS';

/**
 * One JSON object of the setting, read key by key. What is wrong is collected; it reads as its fallback.
 * No problem holds a value, nor a key that is not known: a secret may stand in the wrong place.
 */
export class Fields {
  readonly #path: string;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #problems: SettingProblem[];

  private constructor(path: string, values: Readonly<Record<string, unknown>>, problems: SettingProblem[]) {
    this.#path = path;
    this.#values = values;
    this.#problems = problems;
  }

  /**
   * The fields of `value`; undefined when it is no object, which is a problem.
   *
   * @param path what the reader of a problem knows it by: `siem`, `siem.auth`
   * @param known the keys that it may have
   * @param problems where problems are put
   */
  static of(
    path: string,
    value: unknown,
    known: readonly string[],
    problems: SettingProblem[],
  ): Fields | undefined {
    const fields = new Fields(path, isObject(value) ? value : {}, problems);
    if (!isObject(value))
      return fields.wrong(undefined, `must be an object with ${known.join(', ')}`, undefined);
    if (Object.keys(value).some((key) => !known.includes(key))) {
      fields.wrong(undefined, `has a key that is not known here: it may have ${known.join(', ')}`, undefined);
    }
    return fields;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#values, key);
  }

  /** Whatever stands there; undefined for nothing. */
  raw(key: string): unknown {
    return this.has(key) ? this.#values[key] : undefined;
  }

  /** One of several; the first unless given. */
  oneOf<T extends string>(key: string, allowed: readonly [T, ...T[]]): T {
    const value = this.has(key) ? this.raw(key) : allowed[0];
    const found = allowed.find((one) => one === value);
    return found ?? this.wrong(key, `must be one of ${allowed.join(', ')}`, allowed[0]);
  }

  flag(key: string): boolean {
    const value = this.has(key) ? this.raw(key) : false;
    return typeof value === 'boolean' ? value : this.wrong(key, 'must be true or false', false);
  }

  number(key: string, least: number, most: number, fallback: number): number {
    const value = this.has(key) ? this.raw(key) : fallback;
    if (isBetween(value, least, most)) return value;
    return this.wrong(key, `must be a number from ${least} to ${most}`, fallback);
  }

  numbers(key: string, least: number, most: number, fallback: readonly number[]): readonly number[] {
    const value = this.has(key) ? this.raw(key) : fallback;
    const isList = Array.isArray(value) && value.length >= 1 && value.length <= LONGEST_LIST;
    if (isList && value.every((one) => isBetween(one, least, most))) return value;
    const wanted = `must be a list of 1 to ${LONGEST_LIST} numbers, each from ${least} to ${most}`;
    return this.wrong(key, wanted, fallback);
  }

  /** Texts, none of them empty; no more of them than `most`. */
  texts(key: string, most: number): readonly string[] {
    const value = this.raw(key);
    const isList = Array.isArray(value) && value.length >= 1 && value.length <= most;
    if (isList && value.every((one) => typeof one === 'string' && one !== '')) return value;
    const count = most === 1 ? 'one setting' : `1 to ${most} settings`;
    return this.wrong(key, `must be a list with the name of ${count}`, []);
  }

  /** Notes a problem of `key`, or of the whole object. */
  wrong<T>(key: string | undefined, message: string, fallback: T, remedy?: SettingProblem['remedy']): T {
    const where = key === undefined ? this.#path : `${this.#path}.${key}`;
    this.#problems.push({ setting: SETTING, message: `(${where}) ${message}`, ...(remedy && { remedy }) });
    return fallback;
  }
}

const LONGEST_LIST = 20;

function isBetween(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}
