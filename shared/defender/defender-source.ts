import { LRUCache } from 'lru-cache';
import { bareForm, isEndpointAlertId } from '../base/alert-id.js';
import type { Clock } from '../base/clock.js';
import type { Reporter } from '../base/environment.js';
import { EnrichmentError, RequestError } from '../base/errors.js';
import type { AccessToken } from '../identity/token-cache.js';
import type { IpSource, IpStats, SourceAnswer, SourceWarning, StatsSource, Work } from '../lookup/source.js';
import { isSuspect, SUSPECT_AFTER, unknownInARow } from '../lookup/unknown-alerts.js';
import type { Priority } from '../quota/priorities.js';
import type { Question } from '../upstream/call.js';
import type { ApiClient, EndOf, LastCall } from '../upstream/client.js';
import { ASK_AGAIN_AFTER_MS } from '../upstream/retry.js';
import { askAboutAlert, type IpsPage, MOST_UNUSABLE_KEPT, readIpsPage } from './alert-ips.js';
import { askAboutAddress, readIpStats } from './ip-stats.js';

/** Pages of one alert's IPs that are read; the API's page documents none, so this is only a bound. */
const MOST_PAGES = 20;
/**
 * How long an alert whose pages lead nowhere is not asked about again: as long as an answer is kept by
 * default. Every further question would cost as many calls again.
 */
const UNUSABLE_REMEMBERED_MS = 300_000;
/**
 * Entries of what is remembered per alert. Bounded by size, because `max` would allocate all places at
 * once, for each user.
 */
const MEMORY = { maxSize: 10_000, sizeCalculation: () => 1 };

/** An address that no device of the organisation has spoken with. */
const NEVER_SEEN: IpStats = { organizationPrevalence: 0, firstSeen: null, lastSeen: null };

/** What the source is made of. */
export interface DefenderSourceParts {
  readonly clock: Clock;
  readonly client: ApiClient;
  /** Takes the operator alert when the source becomes suspect. */
  readonly report: Reporter;
}

/**
 * Defender as a source: `GET /api/alerts/{id}/ips`
 * (https://learn.microsoft.com/defender-endpoint/api/get-alert-related-ip-info) and `GET
 * /api/ips/{ip}/stats`.
 */
export class DefenderSource implements IpSource, StatsSource {
  readonly #parts: DefenderSourceParts;
  /** Ids that Defender answered about without their prefix; asked that way first the next time. */
  readonly #knownByBareForm = new LRUCache<string, true>(MEMORY);
  /** Alerts whose pages lead nowhere, and until when they are not asked about again. */
  readonly #unusable = new LRUCache<string, { readonly error: EnrichmentError; readonly untilMs: number }>(
    MEMORY,
  );
  #unknown: ReadonlySet<string> = new Set();

  constructor(parts: DefenderSourceParts) {
    this.#parts = parts;
  }

  check(alertId: string): void {
    if (isEndpointAlertId(alertId)) return;
    throw new RequestError(
      'invalid-alert-id',
      'The id does not fit the grammar of Defender for Endpoint alert ids.',
    );
  }

  async find(alertId: string, work: Work, priority: Priority): Promise<SourceAnswer> {
    this.check(alertId); // what becomes a part of a path is looked at where it does
    const bare = bareForm(alertId);
    const answer = await (bare === undefined
      ? this.#pages(alertId, work, priority)
      : this.#eitherForm(alertId, bare, work, priority));
    this.#watch(alertId, answer);
    return answer;
  }

  async stats(address: string, work: Work): Promise<IpStats> {
    const { client } = this.#parts;
    const answer = await client.get(askAboutAddress(client.origin, address), readIpStats, work, 'background');
    return answer.kind === 'not-found' ? NEVER_SEEN : answer.value;
  }

  warnings(): readonly SourceWarning[] {
    return isSuspect(this.#unknown) ? [{ kind: 'source-suspect', detail: SUSPECT }] : [];
  }

  /** How the last call of this process ended; undefined before the first; no I/O. */
  get lastCall(): LastCall | undefined {
    return this.#parts.client.lastCall;
  }

  /**
   * One call about an alert, charged like any other, and what came of it; for the doctor.
   * @throws {EnrichmentError} when there is no token or no permit to call with
   */
  probe(alertId: string, work: Work): Promise<{ reading: EndOf<IpsPage>; token: AccessToken }> {
    this.check(alertId);
    const { client } = this.#parts;
    return client.probe(askAboutAlert(client.origin, alertId), readIpsPage, work);
  }

  /** Graph's GUID ids have two letters more than Defender knows some of these alerts by. */
  async #eitherForm(alertId: string, bare: string, work: Work, priority: Priority): Promise<SourceAnswer> {
    const forms = this.#knownByBareForm.has(alertId) ? [bare, alertId] : [alertId, bare];
    let answer: SourceAnswer | undefined;
    for (const form of forms) {
      answer = await this.#pages(form, work, priority);
      if (answer.status === 'not_found') continue;
      if (form === bare) this.#knownByBareForm.set(alertId, true);
      else this.#knownByBareForm.delete(alertId);
      break;
    }
    return answer as SourceAnswer;
  }

  async #pages(alertId: string, work: Work, priority: Priority): Promise<SourceAnswer> {
    const remembered = this.#unusable.get(alertId);
    if (remembered && this.#parts.clock.monotonicMs() < remembered.untilMs) throw remembered.error;
    const first = askAboutAlert(this.#parts.client.origin, alertId);
    const asked = new Set<string>();
    const pages: IpsPage[] = [];
    for (let url: string | undefined = first.url; url; ) {
      asked.add(url);
      const page = await this.#page({ ...first, url }, work, priority);
      if (!page && pages.length > 0) throw this.#pageIsGone();
      if (!page) return { status: 'not_found', ips: [], unusable: [] };
      pages.push(page);
      const trouble = troubleWith(page.nextLink, first, asked);
      if (trouble) throw this.#remember(alertId, trouble);
      url = page.nextLink;
    }
    const ips = [...new Set(pages.flatMap((page) => page.ips))];
    const unusable = pages.flatMap((page) => page.unusable).slice(0, MOST_UNUSABLE_KEPT);
    return { status: ips.length > 0 ? 'found' : 'empty', ips, unusable };
  }

  /** One page; undefined where Defender does not know what was asked about. */
  async #page(question: Question, work: Work, priority: Priority): Promise<IpsPage | undefined> {
    const answer = await this.#parts.client.get(question, readIpsPage, work, priority);
    return answer.kind === 'not-found' ? undefined : answer.value;
  }

  #pageIsGone(): EnrichmentError {
    return new EnrichmentError(
      'upstream-unavailable',
      "Defender answered 404 to a later page of the alert's addresses, so the list is not complete. Ask again.",
      { retryAtMs: this.#parts.clock.monotonicMs() + ASK_AGAIN_AFTER_MS },
    );
  }

  #remember(alertId: string, trouble: string): EnrichmentError {
    const error = new EnrichmentError('answer-unusable', trouble);
    this.#unusable.set(alertId, {
      error,
      untilMs: this.#parts.clock.monotonicMs() + UNUSABLE_REMEMBERED_MS,
    });
    return error;
  }

  /** Reports once when the source becomes suspect. */
  #watch(alertId: string, { status }: SourceAnswer): void {
    const wasSuspect = isSuspect(this.#unknown);
    this.#unknown = unknownInARow(this.#unknown, alertId, status);
    if (wasSuspect || !isSuspect(this.#unknown)) return;
    this.#parts.report({ event: 'source-suspect', detail: SUSPECT });
  }
}

/** What the doctor, the operator alert and the answers say. */
const SUSPECT =
  `Defender did not know the last ${SUSPECT_AFTER} different alerts that it was asked about, and no other one in between. ` +
  "Either its API is being retired, or it is another tenant's: check DEFENDER_CLOUD, DEFENDER_API_HOST and the tenant of " +
  "the app's identity, and ask the doctor with probe=ALERTID about an alert that you see in the portal.";

/**
 * Why a next page is not asked for; undefined when it is. Only the same path on the configured host, since
 * the token goes there and the addresses on it are given out as this alert's; no page twice; and not for
 * ever. Pure.
 */
function troubleWith(
  nextLink: string | undefined,
  first: Question,
  asked: ReadonlySet<string>,
): string | undefined {
  if (nextLink === undefined) return undefined;
  const next = URL.canParse(nextLink) ? new URL(nextLink) : undefined;
  const { origin, pathname } = new URL(first.url);
  if (next?.origin !== origin || next.username || next.password) {
    return (
      "Defender's answer names a next page on another host, which was not asked: the token goes to the " +
      'configured host only. Check DEFENDER_API_HOST.'
    );
  }
  if (next.pathname !== pathname) {
    return (
      "Defender's answer names a next page on another path, which was not asked: what is there is not this alert's. " +
      'Check DEFENDER_API_HOST and proxies on the way.'
    );
  }
  if (asked.has(nextLink)) {
    return "Defender's answer names a page as the next one that was read already. Report this alert's id to Microsoft.";
  }
  if (asked.size >= MOST_PAGES) {
    return `Defender's answer has more than ${MOST_PAGES} pages. Report this alert's id to Microsoft.`;
  }
  return undefined;
}
