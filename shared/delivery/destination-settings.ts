import { parseIpAddress } from '../base/ip-address.js';
import type { SettingProblem } from '../base/setting-reader.js';
import { isConfidential, isLoopback } from '../base/web.js';
import { FORMATS } from '../formats/index.js';
import { type Destination, LONGEST_NAME, LONGEST_WAIT_MS } from './destination.js';
import { readAuth, type SettingOf } from './destination-auth.js';
import { Fields, isObject, OF_ANOTHER_SETTING, SETTING } from './fields.js';

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
/** The schedule that Standard Webhooks recommends ("Retry schedule"), over about 28 hours. */
const SCHEDULE_SECONDS = [0, 5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR];

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
    const message =
      key === 'url' ? `must be ${wanted}` : `must name a setting that has a value, and that is ${wanted}`;
    return fields.wrong(key, message, '', key === 'urlSetting' ? OF_ANOTHER_SETTING : undefined);
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
