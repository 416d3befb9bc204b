import type { DefenderCloud } from './defender/clouds.js';
import type { Destination } from './delivery/destination.js';
import { parseDestinations } from './delivery/destination-settings.js';
import type { IdentitySettings } from './identity/credential.js';
import { type DelegationSettings, delegationProblems } from './identity/delegation-settings.js';
import type { SettingProblem } from './setting-problem.js';
import { parseConnection, type StateStorage } from './storage/connection.js';
import { parseIngestion, type TelemetrySettings } from './telemetry/connection.js';
import { APP_NAME } from './version.js';
import { isConfidential } from './web-address.js';

/** Environment variables; an empty one counts as absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads settings one by one and collects what is wrong; a wrong one reads as its default. */
export class SettingReader {
  readonly problems: SettingProblem[] = [];
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  text(setting: string): string | undefined {
    const value: unknown = this.#env[setting]; // settings name others, and `constructor` is a name too
    return (typeof value === 'string' && value.trim()) || undefined;
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

  /** An id of Entra's, in lower case: one application, however it is spelled, has one ledger. */
  guid(setting: string, what: string): string | undefined {
    const value = this.text(setting)?.toLowerCase();
    if (value === undefined || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)) return value;
    return this.#wrong(setting, `must be ${what} (a GUID)`, undefined);
  }

  /** An origin that tokens may be sent to: https, or loopback http for local work. */
  origin(setting: string, fallback: string): string {
    const value = this.text(setting);
    if (value === undefined) return fallback;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const isBare = url && url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password;
    if (isBare && isConfidential(url)) {
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
    if (isBare && isConfidential(url)) {
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

  telemetry(setting: string): TelemetrySettings | undefined {
    const connectionString = this.text(setting);
    if (connectionString === undefined) return undefined;
    const parsed = parseIngestion(connectionString);
    if (!parsed.ok) return this.#wrong(setting, parsed.message, undefined);
    const role = this.text('WEBSITE_SITE_NAME') ?? APP_NAME;
    return { connectionString, ingestionEndpoint: parsed.ingestionEndpoint, role };
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

  /** The site and slot, which stay what they are whatever is set: what was accepted is found again. */
  app(): string {
    const site = `${this.text('WEBSITE_SITE_NAME') ?? 'local'} ${this.text('WEBSITE_SLOT_NAME') ?? ''}`;
    return site.trim().toLowerCase();
  }

  /** The user-assigned identity, else the app that has the system-assigned one. */
  owner(): string {
    return this.text('AZURE_CLIENT_ID')?.toLowerCase() ?? this.app();
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
      { remove: setting },
    );
  }

  delegation({ authorityHost, exchangeAudience }: DefenderCloud): DelegationSettings | undefined {
    const clientId = this.guid('DELEGATED_CLIENT_ID', 'the client id of an app registration');
    const tenantId = this.guid('DELEGATED_TENANT_ID', "the app registration's tenant");
    this.problems.push(...delegationProblems((setting) => this.text(setting)));
    if (!clientId || !tenantId) return undefined;
    return { clientId, tenantId, authorityHost, exchangeAudience };
  }

  /** What the platform sets on its own instances, and Core Tools does not. */
  #isInAzure(): boolean {
    return Boolean(
      this.text('WEBSITE_INSTANCE_ID') ?? this.text('CONTAINER_NAME') ?? this.text('WEBSITE_POD_NAME'),
    );
  }

  #wrong<T>(setting: string, message: string, fallback: T, remedy?: SettingProblem['remedy']): T {
    this.problems.push({ setting, message, ...(remedy && { remedy }) });
    return fallback;
  }
}
