import type { Reporter } from '../base/environment.js';
import type { Credential, TokenCache } from '../identity/token-cache.js';
import type { Priority } from '../quota/priorities.js';
import type { Quota } from '../quota/quota.js';
import type { Limits } from '../quota/sliding-log.js';

/** One lookup as its source sees it: until when its answer is of use, and whether it still is. */
export interface Work {
  /** The latest moment, on the monotonic clock, at which an answer is of use; it may move later. */
  untilMs(): number;
  /** Aborted when no caller waits for the answer any longer. */
  readonly signal: AbortSignal;
  /**
   * Says what is being waited for; it is named when the time is up.
   * @param stage as the end of "while waiting for …", such as "the quota", or a source's title
   */
  at(stage: string): void;
}

/** What a source knows of one alert. */
export interface SourceAnswer {
  /** `empty`: the alert is known and has no IPs. `not_found`: the source does not know the alert. */
  readonly status: 'found' | 'empty' | 'not_found';
  /** Canonical addresses, each once, in the source's order. */
  readonly ips: readonly string[];
  /** Values in the answer that are no addresses; they are left out and reported. */
  readonly unusable: readonly string[];
  /** Which source gave which of the addresses; absent where Defender gave all of them. */
  readonly origins?: readonly SourceOrigin[];
  /** What is known of addresses beside that they belong to the alert, by the address. */
  readonly evidence?: Readonly<Record<string, IpEvidence>>;
  /** Addresses of the alert's own devices, which are none of `ips`. */
  readonly own?: readonly string[];
  /** Set where a source could not say all that it knows. */
  readonly incomplete?: true;
  /** What a `not_found` means, where it means less than that there is no such alert. For people. */
  readonly reason?: string;
}

/** The addresses that one source gave. */
export interface SourceOrigin {
  /** The source's name. */
  readonly source: string;
  readonly ips: readonly string[];
}

/** How bad a source takes an address to be, the worst first. */
export const VERDICTS = ['malicious', 'suspicious', 'unknown', 'noThreatsFound'] as const;
/** See `VERDICTS`. */
export type IpVerdict = (typeof VERDICTS)[number];

/** What a source says of an address; what it does not say is absent. */
export interface IpEvidence {
  readonly verdict?: IpVerdict;
  /** Such as `attacker` or `commandAndControl`, in the source's words. */
  readonly roles?: readonly string[];
  /** Two letters. */
  readonly country?: string;
}

/** Whether something that was kept outside of the process is an answer. */
export function isSourceAnswer(value: unknown): value is SourceAnswer {
  if (typeof value !== 'object' || value === null) return false;
  const {
    status,
    ips,
    unusable,
    origins = [],
    evidence = {},
    own = [],
    incomplete,
    reason,
  } = value as Partial<SourceAnswer>;
  return (
    ['found', 'empty', 'not_found'].includes(status ?? '') &&
    isTexts(ips) &&
    isTexts(unusable) &&
    isTexts(own) &&
    Array.isArray(origins) &&
    origins.every((one) => typeof one?.source === 'string' && isTexts(one.ips)) &&
    typeof evidence === 'object' &&
    evidence !== null &&
    Object.values(evidence).every(isEvidence) &&
    (incomplete === undefined || incomplete === true) &&
    (reason === undefined || typeof reason === 'string')
  );
}

function isTexts(list: unknown): list is readonly string[] {
  return Array.isArray(list) && list.every((one) => typeof one === 'string');
}

function isEvidence(value: unknown): value is IpEvidence {
  if (typeof value !== 'object' || value === null) return false;
  const { verdict, roles = [], country } = value as IpEvidence;
  return (
    (verdict === undefined || VERDICTS.includes(verdict)) &&
    isTexts(roles) &&
    (country === undefined || typeof country === 'string')
  );
}

/** An API that knows the IPs of alerts, asked by one identity. */
export interface IpSource {
  /**
   * @throws {RequestError} when the id is none that this source can be asked about; no I/O
   */
  check(alertId: string): void;
  /**
   * Asks about one alert, charging the quota for every call.
   * @param alertId one that `check` lets pass
   * @param priority in the quota: `background` where nobody waits for the answer
   * @throws {EnrichmentError} when there is no answer
   */
  find(alertId: string, work: Work, priority: Priority): Promise<SourceAnswer>;
  /** What callers should know of the source and cannot see from a status; no I/O. */
  warnings(): readonly SourceWarning[];
}

/** Who asks a source, and what the asking is charged to. */
export interface Asker {
  readonly credential: Credential;
  readonly tokens: TokenCache;
  readonly quota: Quota;
  /** Takes what operators should know of. */
  readonly report: Reporter;
}

/**
 * A kind of source: what is the same for everyone who asks it. A new one is a folder, and a line in
 * app/sources.
 */
export interface SourceProvider<S extends IpSource = IpSource> {
  /** In names of stored state, telemetry and `ips[].sources`, so it has to stay what it is. */
  readonly name: string;
  /** What messages call it. */
  readonly title: string;
  /** What tokens are asked for. */
  readonly audience: string;
  /** What it allows one application in one tenant. */
  readonly limits: Limits;
  /** Nothing is asked of it yet. */
  open(asker: Asker): S;
}

/** What a caller should know of a source and cannot see from a status. */
export interface SourceWarning {
  /**
   * Many unknown alerts in a row and none known: the source may have been retired, or the tenant be the
   * wrong one.
   */
  readonly kind: 'source-suspect';
  /** For people: what was seen, and what to check. */
  readonly detail: string;
}

/** How common an address is in the organisation. Dates are ISO-8601; null where it was never seen. */
export interface IpStats {
  readonly organizationPrevalence: number;
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
}

/** An API that knows how common an address is. */
export interface StatsSource {
  /**
   * Asks about one address, charging the quota as background work: alerts come first.
   * @throws {EnrichmentError} when there is no answer
   */
  stats(address: string, work: Work): Promise<IpStats>;
}
