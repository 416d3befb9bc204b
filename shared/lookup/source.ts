import type { Priority } from '../quota/priorities.js';

/** What a lookup is waiting for; named when its time is up. */
export type Stage = 'the storage account' | 'the identity endpoint' | 'the quota' | 'Defender';

/** One lookup's work as its source sees it: how long it is wanted, and by nobody any more. */
export interface Work {
  /** The latest moment, on the monotonic clock, at which an answer is of use; it may move later. */
  untilMs(): number;
  /** Aborted when nobody wants the answer any more. */
  readonly signal: AbortSignal;
  /** Says what is being waited for. */
  at(stage: Stage): void;
}

/** What a source knows of one alert. */
export interface SourceAnswer {
  /** `empty`: the alert is known and has no IPs. `not_found`: the source does not know the alert. */
  readonly status: 'found' | 'empty' | 'not_found';
  /** Canonical addresses, each once, in the source's order. */
  readonly ips: readonly string[];
  /** Values in the answer that are no addresses; they are left out and reported. */
  readonly unusable: readonly string[];
}

/** Whether something that was kept outside of the process is an answer. */
export function isSourceAnswer(value: unknown): value is SourceAnswer {
  const answer = value as Partial<SourceAnswer> | null;
  const isTexts = (list: unknown) => Array.isArray(list) && list.every((one) => typeof one === 'string');
  return (
    ['found', 'empty', 'not_found'].includes(answer?.status ?? '') &&
    isTexts(answer?.ips) &&
    isTexts(answer?.unusable)
  );
}

/** An API that tells an alert's IPs. Defender's `/ips` is the first. */
export interface IpSource {
  /**
   * Asks about one alert, charging the quota for every call.
   * @param alertId an id that fits the grammar of Defender for Endpoint
   * @param lane of the quota; `interactive`, unless nobody waits for the answer
   * @throws {EnrichmentError} when there is no answer
   */
  find(alertId: string, work: Work, lane?: Priority): Promise<SourceAnswer>;
}

/** How common an address is in the organisation. Dates are ISO-8601; null where it was never seen. */
export interface IpStats {
  readonly organizationPrevalence: number;
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
}

/** An API that tells how common an address is. */
export interface StatsSource {
  /**
   * Asks about one address, charging the quota as background work: alerts come first.
   * @throws {EnrichmentError} when there is no answer
   */
  stats(address: string, work: Work): Promise<IpStats>;
}
