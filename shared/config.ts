import { cloudProblems, isLoopback } from './defender/cloud-check.js';
import { CLOUDS, type CloudName, type DefenderCloud } from './defender/clouds.js';
import type { Destination } from './delivery/destination.js';
import { parseDestinations } from './delivery/destination-settings.js';
import type { IdentitySettings } from './identity/credential.js';
import {
  type DelegationSettings,
  delegationProblems,
  exchangeAudience,
} from './identity/delegation-settings.js';
import type { CacheTimes } from './lookup/keeping.js';
import type { SettingProblem } from './setting-problem.js';
import { parseConnection, type StateStorage } from './storage/connection.js';

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
    /** Tells this app's identity from others that keep their state in the same account. */
    readonly owner: string;
  };
  readonly jobs: {
    /** How long a result is kept. */
    readonly resultHours: number;
    /** What callers reach the app by, without a slash at the end; absent: what each request came by. */
    readonly publicBaseUrl: string | undefined;
  };
  /** Where enriched alerts can be forwarded. */
  readonly destinations: readonly Destination[];
  readonly maxBodyBytes: number;
  /** Whether there is a place where telemetry goes. */
  readonly hasTelemetry: boolean;
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

/** Environment variables; an empty one counts as absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads every setting once. */
export function parseSettings(env: Environment): ParsedSettings {
  const read = new Reader(env);
  const cloudName = read.oneOf('DEFENDER_CLOUD', Object.keys(CLOUDS) as CloudName[], 'commercial');
  const cloud = CLOUDS[cloudName];
  const authorityHost = read.origin('DEFENDER_AUTHORITY_HOST', cloud.authorityHost);
  const settings: Settings = {
    cloud: {
      apiHost: read.origin('DEFENDER_API_HOST', cloud.apiHost),
      audience: read.audience('DEFENDER_AUDIENCE', cloud.audience),
      authorityHost,
    },
    identity: {
      clientId: read.guid('AZURE_CLIENT_ID', 'the client id of a user-assigned identity'),
      localCredentials: read.localCredentials(),
      endpoint: read.text('IDENTITY_ENDPOINT'),
      authorityHost,
    },
    delegation: read.delegation(cloudName, authorityHost),
    quota: {
      perMinute: read.integer('QUOTA_PER_MINUTE', 1, 100_000, 100),
      perHour: read.integer('QUOTA_PER_HOUR', 1, 100_000, 1500),
      reservePercent: read.integer('QUOTA_RESERVE_PERCENT', 0, 90, 20),
    },
    cache: {
      ipsSeconds: read.integer('IPS_CACHE_SECONDS', 0, 86_400, 300),
      notFoundSeconds: read.integer('NOT_FOUND_CACHE_SECONDS', 0, 86_400, 30),
    },
    state: { storage: read.storage('STATE_STORAGE'), owner: read.owner() },
    jobs: {
      resultHours: read.integer('JOB_RESULT_HOURS', 1, 720, 24),
      publicBaseUrl: read.baseUrl('PUBLIC_BASE_URL'),
    },
    destinations: read.destinations('FORWARD_DESTINATIONS'),
    maxBodyBytes: read.integer('MAX_BODY_BYTES', 1, 100 * 1024 * 1024, 20 * 1024 * 1024),
    hasTelemetry: read.text('APPLICATIONINSIGHTS_CONNECTION_STRING') !== undefined,
    webhooks: {
      eventOrigins: read.hosts('EVENT_ORIGINS', ['eventgrid.azure.net']),
      graphClientState: read.named('GRAPH_CLIENT_STATE_SETTING'),
    },
  };
  if (read.problems.length === 0) read.problems.push(...cloudProblems(cloudName, settings.cloud));
  return read.problems.length > 0 ? { ok: false, problems: read.problems } : { ok: true, settings };
}

/** Reads settings one by one and collects what is wrong; a wrong one reads as its default. */
class Reader {
  readonly problems: SettingProblem[] = [];
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  text(setting: string): string | undefined {
    return this.#env[setting]?.trim() || undefined;
  }

  oneOf<T extends string>(setting: string, allowed: readonly T[], fallback: T): T {
    const value = this.text(setting);
    if (value === undefined) return fallback;
    const found = allowed.find((one) => one === value);
    return found ?? this.#wrong(setting, `must be one of ${allowed.join(', ')}`, fallback);
  }

  integer(setting: string, least: number, most: number, fallback: number): number {
    const value = this.text(setting);
    if (value === undefined) return fallback;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    return this.#wrong(setting, `must be a whole number from ${least} to ${most}`, fallback);
  }

  guid(setting: string, what: string): string | undefined {
    const value = this.text(setting);
    if (value === undefined || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) return value;
    return this.#wrong(setting, `must be ${what} (a GUID)`, undefined);
  }

  /** An origin that tokens may be sent to: https, or loopback http for local work. */
  origin(setting: string, fallback: string): string {
    const value = this.text(setting);
    if (value === undefined) return fallback;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const isBare = url && url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password;
    if (isBare && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.href)))) {
      return url.origin;
    }
    return this.#wrong(
      setting,
      'must be https://host, without a path (http for loopback hosts only)',
      fallback,
    );
  }

  /** An address that others are sent to; a path is what a gateway puts before ours. */
  baseUrl(setting: string): string | undefined {
    const value = this.text(setting);
    if (value === undefined) return undefined;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const isBare = url && !url.search && !url.hash && !url.username && !url.password;
    if (isBare && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.href)))) {
      return url.href.replace(/\/+$/, '');
    }
    return this.#wrong(
      setting,
      'must be https://host or https://host/path (http for loopback hosts only)',
      undefined,
    );
  }

  /** Host names, separated by commas. */
  hosts(setting: string, fallback: readonly string[]): readonly string[] {
    const value = this.text(setting);
    if (value === undefined) return fallback;
    const hosts = value.split(',').map((host) => host.trim().toLowerCase());
    if (hosts.every((host) => /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(host))) return hosts;
    return this.#wrong(setting, 'must be host names, separated by commas', fallback);
  }

  /** The value of another setting, named by this one, so that a secret stands in one place only. */
  named(setting: string): string | undefined {
    const name = this.text(setting);
    if (name === undefined) return undefined;
    return this.text(name) ?? this.#wrong(setting, 'must name a setting that has a value', undefined);
  }

  storage(setting: string): StateStorage {
    const parsed = parseConnection(this.text(setting), (name) => this.text(name));
    if (parsed.ok) return parsed.storage;
    return this.#wrong(parsed.setting, parsed.message, { kind: 'memory' });
  }

  destinations(setting: string): readonly Destination[] {
    const { destinations, problems } = parseDestinations(this.text(setting), (name) => this.text(name));
    this.problems.push(...problems);
    return destinations;
  }

  /** The user-assigned identity, else the site and slot that has the system-assigned one. */
  owner(): string {
    const site = `${this.text('WEBSITE_SITE_NAME') ?? 'local'} ${this.text('WEBSITE_SLOT_NAME') ?? ''}`;
    return (this.text('AZURE_CLIENT_ID') ?? site).trim().toLowerCase();
  }

  audience(setting: string, fallback: string): string {
    const value = this.text(setting);
    if (value === undefined) return fallback;
    if (/^(https|api):\/\/\S+$/.test(value) && !value.endsWith('/.default')) return value;
    return this.#wrong(setting, 'must be an https:// or api:// address, without /.default', fallback);
  }

  localCredentials(): IdentitySettings['localCredentials'] {
    const setting = 'LOCAL_CREDENTIALS';
    if (this.text(setting) === undefined) return undefined;
    const kind = this.oneOf(setting, ['azure-cli', 'environment'], 'azure-cli');
    if (!this.#isInAzure()) return kind;
    return this.#wrong(
      setting,
      'is for work outside Azure: remove it, so that the managed identity is used',
      undefined,
    );
  }

  delegation(cloud: CloudName, authorityHost: string): DelegationSettings | undefined {
    const clientId = this.guid('DELEGATED_CLIENT_ID', 'the client id of an app registration');
    const tenantId = this.guid('DELEGATED_TENANT_ID', "the app registration's tenant");
    this.problems.push(...delegationProblems((setting) => this.text(setting)));
    if (!clientId || !tenantId) return undefined;
    return { clientId, tenantId, authorityHost, exchangeAudience: exchangeAudience(cloud) };
  }

  /** What the platform sets on its own instances, and Core Tools does not. */
  #isInAzure(): boolean {
    return Boolean(
      this.text('WEBSITE_INSTANCE_ID') ?? this.text('CONTAINER_NAME') ?? this.text('WEBSITE_POD_NAME'),
    );
  }

  #wrong<T>(setting: string, message: string, fallback: T): T {
    this.problems.push({ setting, message });
    return fallback;
  }
}
