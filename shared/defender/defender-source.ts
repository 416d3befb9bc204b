import { isEndpointAlertId } from '../alert-id.js';
import type { Clock } from '../clock.js';
import { type EnrichmentError, RequestError, UpstreamFailure } from '../errors.js';
import type { AccessToken, Credential, TokenCache } from '../identity/token-cache.js';
import type { Quota } from '../quota/quota.js';
import type { IpSource, SourceAnswer, Work } from '../source.js';
import type { Call } from './call.js';
import { explain } from './explain.js';
import type { IpsPage, Outcome } from './outcome.js';
import { decide, type Failure } from './retry.js';

/** What the source is made of. */
export interface DefenderParts {
  readonly apiHost: string;
  readonly audience: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly credential: Credential;
  readonly tokens: TokenCache;
  readonly quota: Quota;
  readonly call: Call;
}

type Answer = Exclude<Outcome, Failure>;

/** Pages of one alert's IPs that are read; the API's page documents none, so this is only a bound. */
const MOST_PAGES = 20;

/** Defender's `GET /api/alerts/{id}/ips`: https://learn.microsoft.com/defender-endpoint/api/get-alert-related-ip-info */
export class DefenderSource implements IpSource {
  readonly #parts: DefenderParts;

  constructor(parts: DefenderParts) {
    this.#parts = parts;
  }

  async find(alertId: string, work: Work): Promise<SourceAnswer> {
    if (!isEndpointAlertId(alertId)) {
      throw new RequestError(
        'invalid-alert-id',
        'The id does not fit the grammar of Defender for Endpoint alert ids.',
      );
    }
    const pages: IpsPage[] = [];
    let url: string | undefined = `${this.#parts.apiHost}/api/alerts/${encodeURIComponent(alertId)}/ips`;
    while (url) {
      const answer = await this.#ask(url, work);
      if (answer.kind === 'unknown-alert') return { status: 'not_found', ips: [], unusable: [] };
      pages.push(answer.page);
      url = this.#next(answer.page, pages.length);
    }
    const ips = [...new Set(pages.flatMap((page) => page.ips))];
    return {
      status: ips.length > 0 ? 'found' : 'empty',
      ips,
      unusable: pages.flatMap((page) => page.unusable),
    };
  }

  /** The next page's address: on the configured host only, since the token goes there. */
  #next({ nextLink }: IpsPage, pagesRead: number): string | undefined {
    if (nextLink === undefined) return undefined;
    const sameHost =
      URL.canParse(nextLink) && new URL(nextLink).origin === new URL(this.#parts.apiHost).origin;
    if (sameHost && pagesRead < MOST_PAGES) return nextLink;
    throw new UpstreamFailure(
      'answer-unusable',
      sameHost
        ? `Defender's answer has more than ${MOST_PAGES} pages. Report this alert's id to Microsoft.`
        : "Defender's answer names a next page on another host, which was not asked: the token goes to the " +
            'configured host only. Check DEFENDER_API_HOST.',
    );
  }

  /** Asks until there is an answer, or until asking again does not help. */
  async #ask(url: string, work: Work): Promise<Answer> {
    const { clock, random } = this.#parts;
    let tokenRenewed = false;
    for (let attempts = 1; ; attempts++) {
      const { outcome, token } = await this.#callOnce(url, work);
      if (outcome.kind === 'ips' || outcome.kind === 'unknown-alert') return outcome;
      const remainingMs = work.untilMs() - clock.monotonicMs();
      const verdict = decide(outcome, { attempts, tokenRenewed, remainingMs, random: random() });
      if (verdict.kind === 'retry') {
        await clock.sleep(verdict.waitMs, work.signal);
      } else if (verdict.kind === 'pause') {
        await this.#parts.quota.pause(verdict.pauseMs);
        if (!verdict.again) throw this.#failure(outcome, verdict.pauseMs);
      } else if (verdict.kind === 'renew-token') {
        if (!(await this.#renew(token, work))) throw this.#failure(outcome);
        tokenRenewed = true;
      } else {
        throw this.#failure(outcome, verdict.retryAfterMs);
      }
    }
  }

  /** One call with a token that is valid and a permit that was charged for it. */
  async #callOnce(url: string, work: Work): Promise<{ outcome: Outcome; token: AccessToken }> {
    await this.#token(work); // before the permit: without a token no permit must be spent
    work.at('the quota');
    const permit = await this.#parts.quota.acquire(work);
    try {
      const token = await this.#token(work); // again: the wait for the permit may have been long
      work.at('Defender');
      return { outcome: await this.#parts.call(url, token.token, work.signal), token };
    } finally {
      permit.settle();
    }
  }

  #token(work: Work): Promise<AccessToken> {
    const { tokens, credential } = this.#parts;
    work.at('the identity endpoint');
    return tokens.get(credential, this.#scope(), work.signal);
  }

  /** Whether there is another token than the one that was refused. */
  async #renew(refused: AccessToken, work: Work): Promise<boolean> {
    const { tokens, credential } = this.#parts;
    work.at('the identity endpoint');
    const other = await tokens.renew(credential, this.#scope(), refused.token, work.signal);
    return other.token !== refused.token;
  }

  #scope(): string {
    return `${this.#parts.audience}/.default`;
  }

  #failure(outcome: Failure, retryAfterMs?: number): EnrichmentError {
    const { clock, apiHost } = this.#parts;
    const retryAtMs = retryAfterMs === undefined ? undefined : clock.monotonicMs() + retryAfterMs;
    return explain(outcome, apiHost, retryAtMs);
  }
}
