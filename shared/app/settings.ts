import type { SettingProblem } from '../base/setting-reader.js';
import { type EnvironmentVariables, type Misspelling, SettingReader } from '../base/setting-reader.js';
import { CLOUD_NAMES, CLOUDS, cloudProblems, type DefenderCloud } from '../defender/clouds.js';
import { type DelegationSettings, delegationProblems } from '../delegation/settings.js';
import type { Destination } from '../delivery/destination.js';
import { parseDestinations } from '../delivery/destination-settings.js';
import type { GraphSettings } from '../graph/api.js';
import type { IdentitySettings } from '../identity/credential.js';
import { type Principal, principalOf } from '../identity/principal.js';
import type { CacheTimes } from '../lookup/cache-policy.js';
import { parseConnection, type StateStorage } from '../storage/connection.js';
import { readTelemetry, type TelemetrySettings } from '../telemetry/connection.js';

/** What `IP_SOURCES` can name. */
export const SOURCE_NAMES = ['defender', 'graph'] as const;
/** A source's name. */
export type SourceName = (typeof SOURCE_NAMES)[number];

/** Every setting, parsed and typed. */
export interface Settings {
  readonly cloud: DefenderCloud;
  readonly identity: IdentitySettings;
  /** How to ask on behalf of users; absent: not at all. */
  readonly delegation: DelegationSettings | undefined;
  /** The sources that are asked, in their order; at least one. */
  readonly sources: readonly SourceName[];
  readonly graph: GraphSettings;
  readonly quota: { readonly perMinute: number; readonly perHour: number; readonly reservePercent: number };
  readonly cache: CacheTimes;
  readonly state: {
    readonly storage: StateStorage;
    /** Tells this app's work from that of others in the same account, also of those with its identity. */
    readonly app: string;
    /** This app's identity; apps that share one share its quota and answers. */
    readonly principal: Principal;
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
  /** Settings without effect whose names are nearly those of others. */
  readonly misspelled: readonly Misspelling[];
  /** Where telemetry goes; absent: nowhere. */
  readonly telemetry: TelemetrySettings | undefined;
  /** What is wrong with the settings of telemetry: it turns telemetry off, and nothing else. */
  readonly telemetryProblems: readonly SettingProblem[];
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
export function parseSettings(env: EnvironmentVariables): ParsedSettings {
  const read = new SettingReader(env);
  const cloudName = read.oneOf('DEFENDER_CLOUD', CLOUD_NAMES, 'commercial');
  const implied = CLOUDS[cloudName];
  const cloud: DefenderCloud = {
    authorityHost: read.origin('DEFENDER_AUTHORITY_HOST', implied.authorityHost),
    apiHost: read.origin('DEFENDER_API_HOST', implied.apiHost),
    audience: readAudience(read, implied.audience),
    graphHost: implied.graphHost,
    graphRoleId: implied.graphRoleId,
    portal: implied.portal,
    exchangeAudience: implied.exchangeAudience,
  };
  const { telemetry, problems: ofTelemetry } = readTelemetry((name) => read.text(name));
  const settings: Omit<Settings, 'misspelled' | 'telemetryProblems'> = {
    cloud,
    identity: {
      clientId: read.guid('AZURE_CLIENT_ID', 'the client id of a user-assigned identity'),
      localCredentials: readLocalCredentials(read),
      endpoint: read.text('IDENTITY_ENDPOINT'),
      authorityHost: cloud.authorityHost,
    },
    delegation: readDelegation(read, cloud),
    sources: readSources(read),
    graph: {
      apiHost: read.origin('GRAPH_API_HOST', implied.graphHost),
      audience: implied.graphHost,
      perMinute: read.integer('GRAPH_QUOTA_PER_MINUTE', 1, 100_000, 150),
    },
    quota: {
      perMinute: read.integer('QUOTA_PER_MINUTE', 1, 100_000, 100),
      perHour: read.integer('QUOTA_PER_HOUR', 1, 100_000, 1500),
      reservePercent: read.integer('QUOTA_RESERVE_PERCENT', 0, 90, 20),
    },
    cache: {
      ipsSeconds: read.integer('IPS_CACHE_SECONDS', 0, 86_400, 300),
      notFoundSeconds: read.integer('NOT_FOUND_CACHE_SECONDS', 0, 86_400, 30),
    },
    state: { storage: readStorage(read), app: appOf(read), principal: readPrincipal(read) },
    publicBaseUrl: read.baseUrl('PUBLIC_BASE_URL'),
    jobs: { resultHours: read.integer('JOB_RESULT_HOURS', 1, 720, 24) },
    destinations: readDestinations(read),
    maxBodyBytes: read.integer('MAX_BODY_BYTES', 1, 100 * 1024 * 1024, 20 * 1024 * 1024),
    telemetry,
    webhooks: {
      eventOrigins: read.hosts('EVENT_ORIGINS', ['eventgrid.azure.net']),
      graphClientState: read.named('GRAPH_CLIENT_STATE_SETTING'),
    },
  };
  // Whether they go together is asked of hosts and an audience that are each usable.
  if (!read.problems.some(({ setting }) => setting.startsWith('DEFENDER_'))) {
    read.problems.push(...cloudProblems(cloudName, settings.cloud));
  }
  const problems = withoutConsequences([...read.problems, ...ofTelemetry]);
  const telemetryProblems = problems.filter(({ setting }) => isOfTelemetry(setting));
  if (problems.length > telemetryProblems.length) return { ok: false, problems };
  return { ok: true, settings: { ...settings, telemetryProblems, misspelled: read.misspelled() } };
}

/**
 * Settings of telemetry have a prefix of their own; what is wrong with them turns off telemetry, and nothing
 * else.
 */
function isOfTelemetry(setting: string): boolean {
  return setting.startsWith('APPLICATIONINSIGHTS_');
}

/** A reference that was not replaced reads as no value: what follows from that is not reported beside it. */
function withoutConsequences(problems: readonly SettingProblem[]): readonly SettingProblem[] {
  const causes = problems.filter(({ remedy }) => remedy?.keyVault).map(({ setting }) => setting);
  return problems.filter(({ remedy }) => remedy?.keyVault || !causes.includes(remedy?.set ?? ''));
}

function readSources(read: SettingReader): readonly SourceName[] {
  const setting = 'IP_SOURCES';
  const names = (read.text(setting) ?? 'defender').split(',').map((name) => name.trim());
  const isKnown = (name: string): name is SourceName => (SOURCE_NAMES as readonly string[]).includes(name);
  const known = names.filter(isKnown);
  if (known.length === names.length && new Set(known).size === known.length) return known;
  const message = `must name sources in their order, each once, separated by commas; there are ${SOURCE_NAMES.join(', ')}`;
  return read.wrong(setting, message, ['defender']);
}

function readAudience(read: SettingReader, fallback: string): string {
  const setting = 'DEFENDER_AUDIENCE';
  const value = read.text(setting);
  if (value === undefined) return fallback;
  if (/^(https|api):\/\/\S+$/.test(value) && !value.endsWith('/.default')) return value;
  return read.wrong(setting, 'must be an https:// or api:// address, without /.default', fallback);
}

function readLocalCredentials(read: SettingReader): IdentitySettings['localCredentials'] {
  const setting = 'LOCAL_CREDENTIALS';
  if (read.text(setting) === undefined) return undefined;
  const kind = read.oneOf(setting, ['azure-cli', 'environment'], 'azure-cli');
  const mark = markOfAzure(read);
  if (!mark) return kind;
  const message = `is for work outside Azure, and this is inside it (${mark} is set): remove it, so that the managed identity is used`;
  return read.wrong(setting, message, undefined, { remove: setting });
}

/**
 * The variable by which an instance of the platform is known; Core Tools set none of them. Dev containers and
 * CI images have a `CONTAINER_NAME` as well, so it counts only together with the site's name (Linux
 * Consumption).
 */
function markOfAzure(read: SettingReader): string | undefined {
  const isSet = (name: string) => read.text(name) !== undefined;
  const mark = ['WEBSITE_INSTANCE_ID', 'WEBSITE_POD_NAME'].find(isSet);
  return mark ?? (isSet('CONTAINER_NAME') && isSet('WEBSITE_SITE_NAME') ? 'CONTAINER_NAME' : undefined);
}

function readDelegation(
  read: SettingReader,
  { authorityHost, exchangeAudience }: DefenderCloud,
): DelegationSettings | undefined {
  const clientId = read.guid('DELEGATED_CLIENT_ID', 'the client id of an app registration');
  const tenantId = read.guid('DELEGATED_TENANT_ID', "the app registration's tenant");
  read.problems.push(...delegationProblems((setting) => read.text(setting)));
  if (!clientId || !tenantId) return undefined;
  return { clientId, tenantId, authorityHost, exchangeAudience };
}

function readStorage(read: SettingReader): StateStorage {
  const parsed = parseConnection(read.text('STATE_STORAGE'), (name) => read.other(name));
  if (!parsed.ok) return read.wrong(parsed.setting, parsed.message, { kind: 'memory' });
  const processes = 'FUNCTIONS_WORKER_PROCESS_COUNT';
  if (parsed.storage.kind === 'memory' && Number(read.text(processes) ?? 1) > 1) {
    const message = 'must be 1 with STATE_STORAGE=memory: each process would use the whole quota by itself';
    return read.wrong(processes, message, parsed.storage, { remove: processes });
  }
  return parsed.storage;
}

/** The site and slot, which stay what they are whatever is set: what was accepted is found again. */
function appOf(read: SettingReader): string {
  const site = `${read.text('WEBSITE_SITE_NAME') ?? 'local'} ${read.text('WEBSITE_SLOT_NAME') ?? ''}`;
  return site.trim().toLowerCase();
}

/**
 * The user-assigned identity, else the app that has the system-assigned one. Only outside Azure one client
 * can work in several tenants one after the other: there the tenant belongs to it.
 */
function readPrincipal(read: SettingReader): Principal {
  const isLocal = read.text('LOCAL_CREDENTIALS') === 'environment';
  const tenant = isLocal ? read.text('AZURE_TENANT_ID')?.toLowerCase() : undefined;
  return principalOf(read.text('AZURE_CLIENT_ID')?.toLowerCase() ?? appOf(read), tenant);
}

function readDestinations(read: SettingReader): readonly Destination[] {
  const text = read.text('FORWARD_DESTINATIONS');
  const { destinations, problems } = parseDestinations(text, (name) => read.other(name));
  read.problems.push(...problems);
  return destinations;
}
