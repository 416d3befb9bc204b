import { isConfidential } from './web.js';

/** A setting that cannot be used. The message says what it wants and never what it holds. */
export interface SettingProblem {
  readonly setting: string;
  readonly message: string;
  /** What fixes it, where that is something else than to set this. */
  readonly remedy?: Remedy;
}

/** Settings to set or to remove; or the app is to be let read the Key Vault that the setting refers to. */
export type Remedy =
  | { readonly set?: string; readonly remove?: string; readonly keyVault?: never }
  | { readonly keyVault: true };

/**
 * The platform replaces such a value by the secret, or leaves it as it is when it cannot
 * (https://learn.microsoft.com/azure/app-service/app-service-key-vault-references).
 */
const KEY_VAULT_REFERENCE = /^@Microsoft\.KeyVault\(/i;

/** Environment variables; an empty one counts as absent. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/** Reads settings of each kind and collects what is wrong; a wrong one reads as its default. */
export class SettingReader {
  readonly problems: SettingProblem[] = [];
  readonly #env: EnvironmentVariables;
  /** Names of settings of this app. */
  readonly #own = new Set<string>();
  /** Those, and names that operators gave. */
  readonly #asked = new Set<string>();

  constructor(env: EnvironmentVariables) {
    this.#env = env;
  }

  /** Any text, without spaces around it; undefined when there is none. */
  text(setting: string): string | undefined {
    this.#own.add(setting);
    return this.other(setting);
  }

  /** The same of a setting whose name an operator chose: other settings name it. */
  other(setting: string): string | undefined {
    const value: unknown = this.#env[setting]; // settings name others, and `constructor` is a name too
    const text = (typeof value === 'string' && value.trim()) || undefined;
    const isNew = !this.#asked.has(setting);
    this.#asked.add(setting);
    if (text === undefined || !KEY_VAULT_REFERENCE.test(text)) return text;
    if (isNew) this.problems.unshift({ setting, message: NOT_RESOLVED, remedy: { keyVault: true } });
    return undefined;
  }

  /**
   * Settings that nobody asked for, with the one that each was probably meant to be: misspelled, they have no
   * effect. Call it after everything was read.
   */
  misspelled(): readonly Misspelling[] {
    const own = [...this.#own].filter((name) => !OF_THE_PLATFORM.test(name));
    return Object.keys(this.#env)
      .filter(
        (name) => !this.#asked.has(name) && /^[A-Za-z]\w{3,63}$/.test(name) && !OF_THE_PLATFORM.test(name),
      )
      .flatMap((setting) => {
        const meant = own.find((name) => isNearly(setting, name));
        return meant === undefined ? [] : [{ setting, meant }];
      })
      .slice(0, MOST_MISSPELLED);
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
    const value = this.other(name);
    if (value !== undefined || this.problems.some((one) => one.setting === name)) return value;
    return this.wrong(setting, 'must name a setting that has a value', undefined);
  }

  /** Takes down what is wrong with a setting, and reads it as `fallback`. */
  wrong<T>(setting: string, message: string, fallback: T, remedy?: Remedy): T {
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

const NOT_RESOLVED =
  'is a Key Vault reference that the platform has not replaced by the secret: let the identity of this app read secrets of ' +
  'that vault, and check the name of the secret, the version and the firewall of the vault';

/** A setting that has no effect, and the one that was probably meant. */
export interface Misspelling {
  readonly setting: string;
  readonly meant: string;
}

/** A choice: more than anybody misspells. */
const MOST_MISSPELLED = 5;
/** Settings that others than this app define; those with `__` belong to a connection. */
const OF_THE_PLATFORM =
  /^(WEBSITE|FUNCTIONS|CONTAINER|IDENTITY|MSI|APPLICATIONINSIGHTS|AzureWebJobs|AZURE)(_|[a-z]|$)|__|^(SCM|NODE)_/i;

/** Whether one name is another with a letter or two wrong, its case or underscores, or its end missing. */
function isNearly(one: string, other: string): boolean {
  const [a, b] = [one, other].map((name) => name.replaceAll('_', '').toUpperCase()) as [string, string];
  if (a[0] !== b[0]) return false; // the cheap test first: an environment has a hundred names
  const isCutOff = Math.min(a.length, b.length) >= 8 && (a.startsWith(b) || b.startsWith(a));
  return isCutOff || (Math.abs(a.length - b.length) <= 2 && distance(a, b) <= 2);
}

/** Levenshtein's distance: letters to be added, removed or replaced. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, letter] of [...one].entries()) {
    const next = [at + 1];
    for (const [to, wanted] of [...other].entries()) {
      const replaced = (row[to] ?? 0) + (letter === wanted ? 0 : 1);
      next.push(Math.min(replaced, (row[to + 1] ?? 0) + 1, (next[to] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
