import { parseIpAddress } from '../base/ip-address.js';
import type { SettingProblem } from '../base/setting-reader.js';
import { isConfidential, isLoopback } from '../base/web.js';
import { FORMATS } from '../formats/index.js';
import { isObject } from '../payload/json.js';
import { type Destination, type DestinationAuth, LONGEST_NAME, LONGEST_WAIT_MS } from './destination.js';
import { Fields, SETTING } from './fields.js';

/** A setting's value, or undefined when it is absent or empty. */
export type SettingOf = (setting: string) => string | undefined;

/** The destinations, each with a name of its own, and what is wrong with any. */
export interface ParsedDestinations {
  readonly destinations: readonly Destination[];
  readonly problems: readonly SettingProblem[];
}

const KEYS = ['url', 'urlSetting', 'format', 'auth', 'timeoutSeconds', 'scheduleSeconds', 'allowPrivateHost'];

const MINUTE = 60;
const HOUR = 60 * MINUTE;

const TIMEOUT_SECONDS = 15;
/** Well below the five minutes that the platform gives a worker by default. */
const LONGEST_TIMEOUT_SECONDS = 120;
/** The one of Standard Webhooks 1.0.0 ("Retry schedule"), over about 75 hours: a weekend. */
const SCHEDULE_SECONDS = [
  0,
  5,
  ...[5, 30].map((minutes) => minutes * MINUTE),
  ...[2, 5, 10, 14, 20, 24].map((hours) => hours * HOUR),
];

/** A name is shown to callers, and stands in their URLs. */
const NAME = new RegExp(`^[A-Za-z0-9][A-Za-z0-9_-]{0,${LONGEST_NAME - 1}}$`);

const LONGEST_URL = 4096;

/**
 * Reads `FORWARD_DESTINATIONS`. Pure; no problem holds a value.
 *
 * @param text the setting; undefined: there are no destinations
 * @param settingOf the other settings, for those that it names
 */
export function parseDestinations(text: string | undefined, settingOf: SettingOf): ParsedDestinations {
  const destinations: Destination[] = [];
  const problems: SettingProblem[] = [];
  if (text === undefined) return { destinations, problems };
  const value = parseJson(text);
  if (!isObject(value)) {
    const message = 'must be JSON: an object that has an object for each destination, by its name';
    return { destinations, problems: [{ setting: SETTING, message }] };
  }
  for (const [index, [name, of]] of Object.entries(value).entries()) {
    if (!NAME.test(name)) {
      const message = `(destination ${index + 1}) must have a name of 1 to ${LONGEST_NAME} letters, digits, - and _ that begins with a letter or digit`;
      problems.push({ setting: SETTING, message });
      continue;
    }
    const fields = Fields.of(name, of, KEYS, problems);
    if (fields) destinations.push(readDestination(name, fields, settingOf, problems));
  }
  return { destinations, problems };
}

function readDestination(
  name: string,
  fields: Fields,
  settingOf: SettingOf,
  problems: SettingProblem[],
): Destination {
  const format = fields.oneOf('format', FORMAT_NAMES);
  const allowPrivateHost = fields.flag('allowPrivateHost');
  return {
    name,
    url: readUrl(fields, allowPrivateHost, settingOf),
    format: FORMATS.find((one) => one.name === format) ?? FORMATS[0],
    auth: readAuth(`${name}.auth`, fields.raw('auth'), settingOf, problems),
    timeoutMs: fields.number('timeoutSeconds', 0.1, LONGEST_TIMEOUT_SECONDS, TIMEOUT_SECONDS) * 1000,
    scheduleMs: fields
      .numbers('scheduleSeconds', 0, LONGEST_WAIT_MS / 1000, SCHEDULE_SECONDS)
      .map((seconds) => seconds * 1000),
    allowPrivateHost,
  };
}

const FORMAT_NAMES = FORMATS.map(({ name }) => name) as [string, ...string[]];

function readUrl(fields: Fields, allowPrivateHost: boolean, settingOf: SettingOf): string {
  const direct = fields.raw('url');
  const setting = fields.raw('urlSetting');
  if ((direct === undefined) === (setting === undefined)) {
    return fields.wrong(undefined, 'must have either url or urlSetting', '');
  }
  const key = setting === undefined ? 'url' : 'urlSetting';
  const text = setting === undefined ? direct : typeof setting === 'string' ? settingOf(setting) : undefined;
  const url = typeof text === 'string' ? usableUrl(text) : undefined;
  if (!url) {
    const wanted =
      'an address https://host/path without credentials and fragment (http for loopback hosts only)';
    if (key === 'url') return fields.wrong(key, `must be ${wanted}`, '');
    const message = `must name a setting that has a value, and that is ${wanted}${inBrackets(setting)}`;
    return fields.wrong(key, message, '', { set: shownName(setting) ?? THAT_SETTING });
  }
  if (!allowPrivateHost && isPrivate(url)) {
    const message = 'has a host in a private range: set allowPrivateHost to true, if that is meant';
    return fields.wrong(key, message, url.href);
  }
  return url.href;
}

function usableUrl(text: string): URL | undefined {
  if (text.length > LONGEST_URL || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isPlain = !url.username && !url.password && !url.hash;
  return isPlain && isConfidential(url) ? url : undefined;
}

/** By its address only; what a name resolves to is seen with each connection. */
function isPrivate({ href, hostname }: URL): boolean {
  const address = parseIpAddress(hostname.replace(/^\[|\]$/g, ''));
  return address !== undefined && address.scope !== 'public' && !isLoopback(href);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What each kind needs, beside its `type`. */
const AUTH_KEYS = {
  none: [],
  'standard-webhooks': ['secretSettings'],
  'managed-identity': ['scope'],
  header: ['header', 'secretSettings'],
} as const satisfies Record<DestinationAuth['type'], readonly string[]>;

const TYPES = Object.keys(AUTH_KEYS) as [DestinationAuth['type'], ...DestinationAuth['type'][]];
const ALL_AUTH_KEYS = ['type', ...new Set(Object.values(AUTH_KEYS).flat())];

/** One in use, one that is to be, and some for slow administrators. */
const MOST_SECRETS = 5;

/** Reads the `auth` of a destination; what is wrong is added to `problems`, and reads as `none`. */
function readAuth(
  path: string,
  value: unknown,
  settingOf: SettingOf,
  problems: SettingProblem[],
): DestinationAuth {
  const fields = value === undefined ? undefined : Fields.of(path, value, ALL_AUTH_KEYS, problems);
  if (!fields) return { type: 'none' };
  const type = fields.oneOf('type', TYPES);
  const keys: readonly string[] = AUTH_KEYS[type];
  for (const key of ALL_AUTH_KEYS.slice(1)) {
    if (fields.has(key) && !keys.includes(key)) fields.wrong(key, `is not for the type ${type}`, undefined);
  }
  switch (type) {
    case 'none':
      return { type };
    case 'standard-webhooks':
      return { type, secrets: readSecrets(fields, settingOf) };
    case 'managed-identity':
      return { type, scope: readScope(fields) };
    case 'header':
      return { type, header: readHeader(fields), value: readHeaderValue(fields, settingOf) };
  }
}

/** The values of the settings that `secretSettings` names; what cannot be used is left out. */
function readSettings(
  fields: Fields,
  most: number,
  settingOf: SettingOf,
  read: (value: string) => string | undefined,
  wanted: string,
): string[] {
  return fields.texts('secretSettings', most).flatMap((setting, index) => {
    const value = settingOf(setting);
    const usable = value === undefined ? undefined : read(value);
    if (usable !== undefined) return [usable];
    const message = value === undefined ? 'must name a setting that has a value' : wanted;
    const remedy = { set: shownName(setting) ?? THAT_SETTING };
    return fields.wrong(`secretSettings[${index}]`, `${message}${inBrackets(setting)}`, [], remedy);
  });
}

/** In a command, where the name of a setting is not shown. */
const THAT_SETTING = 'NAME_OF_THAT_SETTING';
/** Words in capitals with underscores between them, as settings are named, and as no key is by chance. */
const NAME_OF_A_SETTING = /^[A-Z]{2,15}\d{0,2}(_[A-Z]{1,15}\d{0,2}){1,6}$/;

/** A name that can be shown; undefined for what may be the secret itself, in the wrong place. */
function shownName(name: unknown): string | undefined {
  return typeof name === 'string' && NAME_OF_A_SETTING.test(name) ? name : undefined;
}

function inBrackets(name: unknown): string {
  const shown = shownName(name);
  return shown === undefined ? '' : ` (it names ${shown})`;
}

/**
 * Keys as Standard Webhooks writes them,
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: 24 to 64 bytes
 * in base64, `whsec_` before them or not.
 */
function readSecrets(fields: Fields, settingOf: SettingOf): string[] {
  const wanted =
    'must name a setting with a secret of Standard Webhooks: 24 to 64 random bytes in base64, `whsec_` before them or not';
  return readSettings(fields, MOST_SECRETS, settingOf, canonicalSecret, wanted);
}

function canonicalSecret(value: string): string | undefined {
  const base64 = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/.exec(value)?.[1];
  if (base64 === undefined) return undefined;
  const key = Buffer.from(base64, 'base64');
  return key.length >= 24 && key.length <= 64 ? key.toString('base64') : undefined;
}

/**
 * What Entra takes from a managed identity: one resource, by its URI or its application's id, and nothing
 * finer.
 */
const SCOPE =
  /^(?:(?:https|api):\/\/[\x21-\x7e]{1,200}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/\.default$/i;

function readScope(fields: Fields): string {
  const value = fields.raw('scope');
  if (typeof value === 'string' && SCOPE.test(value)) return value;
  const wanted =
    'must be what the receiver wants tokens for, with /.default at its end, such as api://APPLICATION_ID/.default';
  return fields.wrong('scope', wanted, '');
}

/** A header's name (RFC 9110, 5.6.2). */
const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;

/** What belongs to the connection (RFC 9110, 7.6.1), to the body, or is said by us. */
const NOT_FOR_SECRETS =
  /^(connection|keep-alive|proxy-.*|te|trailers?|transfer-encoding|upgrade|host|expect|content-.*|accept-encoding|user-agent|traceparent|tracestate|webhook-.*)$/i;

function readHeader(fields: Fields): string {
  const value = fields.raw('header');
  if (typeof value === 'string' && HEADER.test(value) && !NOT_FOR_SECRETS.test(value)) return value;
  const wanted =
    'must be the name of a header for a secret, such as Authorization: none of the connection, of the content or of Standard Webhooks';
  return fields.wrong('header', wanted, '');
}

function readHeaderValue(fields: Fields, settingOf: SettingOf): string {
  const wanted =
    'must name a setting whose value can stand in a header: one line of printable ASCII, 4096 characters at most';
  const isUsable = (value: string) => (/^[\x20-\x7e]{1,4096}$/.test(value) ? value : undefined);
  return readSettings(fields, 1, settingOf, isUsable, wanted)[0] ?? '';
}
