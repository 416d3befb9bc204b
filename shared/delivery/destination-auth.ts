import type { SettingProblem } from '../base/setting-reader.js';
import type { DestinationAuth } from './destination.js';
import { Fields, OF_ANOTHER_SETTING } from './fields.js';

/** A setting's value, or undefined when it is absent or empty. */
export type SettingOf = (setting: string) => string | undefined;

/** What each kind needs, beside its `type`. */
const KEYS = {
  none: [],
  'standard-webhooks': ['secretSettings'],
  'managed-identity': ['scope'],
  header: ['header', 'secretSettings'],
} as const satisfies Record<DestinationAuth['type'], readonly string[]>;

const TYPES = Object.keys(KEYS) as [DestinationAuth['type'], ...DestinationAuth['type'][]];
const ALL_KEYS = ['type', ...new Set(Object.values(KEYS).flat())];

/** One in use, one that is to be, and some for slow administrators. */
const MOST_SECRETS = 5;

/** Reads the `auth` of a destination; what is wrong is added to `problems`, and reads as `none`. */
export function readAuth(
  path: string,
  value: unknown,
  settingOf: SettingOf,
  problems: SettingProblem[],
): DestinationAuth {
  const fields = value === undefined ? undefined : Fields.of(path, value, ALL_KEYS, problems);
  if (!fields) return { type: 'none' };
  const type = fields.oneOf('type', TYPES);
  const keys: readonly string[] = KEYS[type];
  for (const key of ALL_KEYS.slice(1)) {
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
    return fields.wrong(`secretSettings[${index}]`, message, [], OF_ANOTHER_SETTING);
  });
}

/**
 * Keys as Standard Webhooks writes them, https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md:
 * 24 to 64 bytes in base64, `whsec_` before them or not.
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

/** What Entra takes from a managed identity: one resource, by its URI or its application's id, and nothing finer. */
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
