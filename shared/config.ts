import { cloudProblems } from './defender/cloud-check.js';
import { CLOUD_NAMES, CLOUDS, type DefenderCloud } from './defender/clouds.js';
import type { Destination } from './delivery/destination.js';
import type { IdentitySettings } from './identity/credential.js';
import type { DelegationSettings } from './identity/delegation-settings.js';
import type { CacheTimes } from './lookup/cache-policy.js';
import type { SettingProblem } from './setting-problem.js';
import { type Environment, SettingReader } from './setting-reader.js';
import type { StateStorage } from './storage/connection.js';
import type { TelemetrySettings } from './telemetry/connection.js';

/** Every setting, parsed and typed. */
export interface Settings {
  readonly cloud: DefenderCloud;
  readonly identity: IdentitySettings;
  /** How to ask on behalf of users; absent: not at all. */
  readonly delegation: DelegationSettings | undefined;
  readonly quota: { readonly perMinute: number; readonly perHour: number; readonly reservePercent: number };
  readonly cache: CacheTimes;
  readonly state: {
    readonly storage: StateStorage;
    /** Tells this app's work from that of others in the same account, also of those with its identity. */
    readonly app: string;
    /** Tells this app's identity from others there; apps that share one share its quota and answers. */
    readonly owner: string;
  };
  /** What callers reach the app by, without a slash at the end; absent: what each request came by. */
  readonly publicBaseUrl: string | undefined;
  readonly jobs: {
    /** How long a result is kept. */
    readonly resultHours: number;
  };
  /** Where enriched alerts can be forwarded; callers know them by their names. */
  readonly destinations: readonly Destination[];
  readonly maxBodyBytes: number;
  /** Where telemetry goes; absent: nowhere. */
  readonly telemetry: TelemetrySettings | undefined;
  readonly webhooks: {
    /** Origins of CloudEvents that may register, in lower case. */
    readonly eventOrigins: readonly string[];
    /** What Graph's change notifications must carry; absent: not checked. */
    readonly graphClientState: string | undefined;
  };
}

/** All settings, or all that is wrong with them. */
export type ParsedSettings =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly SettingProblem[] };

/** Reads every setting once. */
export function parseSettings(env: Environment): ParsedSettings {
  const read = new SettingReader(env);
  const cloudName = read.oneOf('DEFENDER_CLOUD', CLOUD_NAMES, 'commercial');
  const implied = CLOUDS[cloudName];
  const cloud: DefenderCloud = {
    authorityHost: read.origin('DEFENDER_AUTHORITY_HOST', implied.authorityHost),
    apiHost: read.origin('DEFENDER_API_HOST', implied.apiHost),
    audience: read.audience('DEFENDER_AUDIENCE', implied.audience),
    graphHost: implied.graphHost,
    exchangeAudience: implied.exchangeAudience,
  };
  const settings: Settings = {
    cloud,
    identity: {
      clientId: read.guid('AZURE_CLIENT_ID', 'the client id of a user-assigned identity'),
      localCredentials: read.localCredentials(),
      endpoint: read.text('IDENTITY_ENDPOINT'),
      authorityHost: cloud.authorityHost,
    },
    delegation: read.delegation(cloud),
    quota: {
      perMinute: read.integer('QUOTA_PER_MINUTE', 1, 100_000, 100),
      perHour: read.integer('QUOTA_PER_HOUR', 1, 100_000, 1500),
      reservePercent: read.integer('QUOTA_RESERVE_PERCENT', 0, 90, 20),
    },
    cache: {
      ipsSeconds: read.integer('IPS_CACHE_SECONDS', 0, 86_400, 300),
      notFoundSeconds: read.integer('NOT_FOUND_CACHE_SECONDS', 0, 86_400, 30),
    },
    state: { storage: read.storage('STATE_STORAGE'), app: read.app(), owner: read.owner() },
    publicBaseUrl: read.baseUrl('PUBLIC_BASE_URL'),
    jobs: { resultHours: read.integer('JOB_RESULT_HOURS', 1, 720, 24) },
    destinations: read.destinations('FORWARD_DESTINATIONS'),
    maxBodyBytes: read.integer('MAX_BODY_BYTES', 1, 100 * 1024 * 1024, 20 * 1024 * 1024),
    telemetry: read.telemetry('APPLICATIONINSIGHTS_CONNECTION_STRING'),
    webhooks: {
      eventOrigins: read.hosts('EVENT_ORIGINS', ['eventgrid.azure.net']),
      graphClientState: read.named('GRAPH_CLIENT_STATE_SETTING'),
    },
  };
  // Whether they go together is asked of hosts and an audience that are each usable.
  if (!read.problems.some(({ setting }) => setting.startsWith('DEFENDER_'))) {
    read.problems.push(...cloudProblems(cloudName, settings.cloud));
  }
  return read.problems.length > 0 ? { ok: false, problems: read.problems } : { ok: true, settings };
}
