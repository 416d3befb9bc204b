import { isConfidential } from './web.js';

/** A setting that cannot be used. The message says what it wants and never what it holds. */
export interface SettingProblem {
  readonly setting: string;
  readonly message: string;
  /** Which settings mend it, where that is another one than to set this. */
  readonly remedy?: { readonly set?: string; readonly remove?: string };
}

/** Environment variables; an empty one counts as absent. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/** Reads settings of each kind and collects what is wrong; a wrong one reads as its default. */
export class SettingReader {
  readonly problems: SettingProblem[] = [];
  readonly #env: EnvironmentVariables;

  constructor(env: EnvironmentVariables) {
    this.#env = env;
  }

  /** Any text, without spaces around it; undefined when there is none. */
  text(setting: string): string | undefined {
    const value: unknown = this.#env[setting]; // settings name others, and `constructor` is a name too
    return (typeof value === 'string' && value.trim()) || undefined;
  }

  /** One of several words. */
  oneOf<T extends string>(setting: string, allowed: readonly T[], fallback: T): T {
    const value = this.text(setting);
    if (value === undefined) return fallback;
    const found = allowed.find((one) => one === value);
    return found ?? this.wrong(setting, `must be one of ${allowed.join(', ')}`, fallback);
  }

  /** A whole number from `least` to `most`. */
  integer(setting: string, least: number, most: number, fallback: number): number {
    const value = this.text(setting);
    if (value === undefined) return fallback;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    return this.wrong(setting, `must be a whole number from ${least} to ${most}`, fallback);
  }

  /** An id of Entra's, in lower case: one application, however it is spelled, has one ledger. */
  guid(setting: string, what: string): string | undefined {
    const value = this.text(setting)?.toLowerCase();
    if (value === undefined || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)) return value;
    return this.wrong(setting, `must be ${what} (a GUID)`, undefined);
  }

  /** An origin that tokens may be sent to: https, or loopback http for local work. */
  origin(setting: string, fallback: string): string {
    if (this.text(setting) === undefined) return fallback;
    const url = this.#address(setting);
    if (url?.pathname === '/') return url.origin;
    return this.wrong(
      setting,
      'must be https://host, without a path (http for loopback hosts only)',
      fallback,
    );
  }

  /** An address that others are sent to; a path is what a gateway puts before ours. */
  baseUrl(setting: string): string | undefined {
    if (this.text(setting) === undefined) return undefined;
    const url = this.#address(setting);
    const base = url?.href.replace(/\/+$/, '');
    if (base !== undefined && !/\/api$/i.test(base)) return base;
    return this.wrong(
      setting,
      base === undefined
        ? 'must be https://host or https://host/path (http for loopback hosts only)'
        : 'must end before /api, which the app adds by itself',
      undefined,
    );
  }

  /** Host names, separated by commas. */
  hosts(setting: string, fallback: readonly string[]): readonly string[] {
    const value = this.text(setting);
    if (value === undefined) return fallback;
    const hosts = value.split(',').map((host) => host.trim().toLowerCase());
    if (hosts.every((host) => /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(host))) return hosts;
    return this.wrong(setting, 'must be host names, separated by commas', fallback);
  }

  /** The value of another setting, named by this one, so that a secret stands in one place only. */
  named(setting: string): string | undefined {
    const name = this.text(setting);
    if (name === undefined) return undefined;
    return this.text(name) ?? this.wrong(setting, 'must name a setting that has a value', undefined);
  }

  /** Takes down what is wrong with a setting, and reads it as `fallback`. */
  wrong<T>(setting: string, message: string, fallback: T, remedy?: SettingProblem['remedy']): T {
    this.problems.push({ setting, message, ...(remedy && { remedy }) });
    return fallback;
  }

  /** A confidential address with nothing behind its path; undefined for anything else. */
  #address(setting: string): URL | undefined {
    const value = this.text(setting) ?? '';
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const isBare = url && !url.search && !url.hash && !url.username && !url.password;
    return isBare && isConfidential(url) ? url : undefined;
  }
}
