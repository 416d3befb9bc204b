import { LRUCache } from 'lru-cache';
import { bareForm, isEndpointAlertId } from '../base/alert-id.js';
import { RequestError, UpstreamFailure } from '../base/errors.js';
import type { IpSource, IpStats, SourceAnswer, StatsSource, Work } from '../lookup/source.js';
import type { Priority } from '../quota/priorities.js';
import { type IpsPage, readIpsPage } from './alert-ips.js';
import type { DefenderClient } from './client.js';
import { readIpStats } from './ip-stats.js';

/** Pages of one alert's IPs that are read; the API's page documents none, so this is only a bound. */
const MOST_PAGES = 20;
/** Unusable values of one alert that are kept to be reported. */
const MOST_UNUSABLE_KEPT = 100;

/** An address that no device of the organisation has spoken with. */
const NEVER_SEEN: IpStats = { organizationPrevalence: 0, firstSeen: null, lastSeen: null };

/**
 * Defender as a source: `GET /api/alerts/{id}/ips`
 * (https://learn.microsoft.com/defender-endpoint/api/get-alert-related-ip-info) and `GET /api/ips/{ip}/stats`.
 */
export class DefenderSource implements IpSource, StatsSource {
  readonly #client: DefenderClient;
  /**
   * Ids that Defender answered about without their prefix; asked that way first the next time. Bounded by size,
   * because `max` would allocate all places at once, for each user.
   */
  readonly #knownByBareForm = new LRUCache<string, true>({ maxSize: 10_000, sizeCalculation: () => 1 });

  constructor(client: DefenderClient) {
    this.#client = client;
  }

  async find(alertId: string, work: Work, lane: Priority = 'interactive'): Promise<SourceAnswer> {
    if (!isEndpointAlertId(alertId)) {
      throw new RequestError(
        'invalid-alert-id',
        'The id does not fit the grammar of Defender for Endpoint alert ids.',
      );
    }
    const bare = bareForm(alertId);
    return bare === undefined
      ? this.#pages(alertId, work, lane)
      : this.#eitherForm(alertId, bare, work, lane);
  }

  /** Graph's GUID ids have two letters more than Defender knows some of these alerts by. */
  async #eitherForm(alertId: string, bare: string, work: Work, lane: Priority): Promise<SourceAnswer> {
    const forms = this.#knownByBareForm.has(alertId) ? [bare, alertId] : [alertId, bare];
    let answer: SourceAnswer | undefined;
    for (const form of forms) {
      answer = await this.#pages(form, work, lane);
      if (answer.status === 'not_found') continue;
      if (form === bare) this.#knownByBareForm.set(alertId, true);
      else this.#knownByBareForm.delete(alertId);
      break;
    }
    return answer as SourceAnswer;
  }

  async stats(address: string, work: Work): Promise<IpStats> {
    const url = `${this.#client.origin}/api/ips/${encodeURIComponent(address)}/stats`;
    const answer = await this.#client.get(url, readIpStats, work, 'background');
    return answer.kind === 'not-found' ? NEVER_SEEN : answer.value;
  }

  async #pages(alertId: string, work: Work, lane: Priority): Promise<SourceAnswer> {
    const pages: IpsPage[] = [];
    let url: string | undefined = `${this.#client.origin}/api/alerts/${encodeURIComponent(alertId)}/ips`;
    while (url) {
      const answer = await this.#client.get(url, readIpsPage, work, lane);
      if (answer.kind === 'not-found') return { status: 'not_found', ips: [], unusable: [] };
      pages.push(answer.value);
      url = this.#next(answer.value, pages.length);
    }
    const ips = [...new Set(pages.flatMap((page) => page.ips))];
    const unusable = pages.flatMap((page) => page.unusable).slice(0, MOST_UNUSABLE_KEPT);
    return { status: ips.length > 0 ? 'found' : 'empty', ips, unusable };
  }

  /** The next page's address: on the configured host only, since the token goes there. */
  #next({ nextLink }: IpsPage, pagesRead: number): string | undefined {
    if (nextLink === undefined) return undefined;
    const sameHost = URL.canParse(nextLink) && isOn(this.#client.origin, new URL(nextLink));
    if (sameHost && pagesRead < MOST_PAGES) return nextLink;
    throw new UpstreamFailure(
      'answer-unusable',
      sameHost
        ? `Defender's answer has more than ${MOST_PAGES} pages. Report this alert's id to Microsoft.`
        : "Defender's answer names a next page on another host, which was not asked: the token goes to the " +
            'configured host only. Check DEFENDER_API_HOST.',
    );
  }
}

/** Whether an address is on an origin. An address with credentials in it is none of ours. */
function isOn(origin: string, { origin: actual, username, password }: URL): boolean {
  return actual === origin && !username && !password;
}
