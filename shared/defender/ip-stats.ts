import type { IpStats } from '../lookup/source.js';
import type { Question } from '../upstream/call.js';
import { type Answered, malformed, type Reading } from '../upstream/outcome.js';
import { parseObject } from '../upstream/wire.js';

/** What Defender is asked about an address. */
export function askAboutAddress(origin: string, address: string): Question {
  return { url: `${origin}/api/ips/${encodeURIComponent(address)}/stats`, route: '/api/ips/{ip}/stats' };
}

/**
 * Reads the answer to `GET /api/ips/{ip}/stats`
 * (https://learn.microsoft.com/defender-endpoint/api/get-ip-statistics). The API's page shows the
 * prevalence as a text under `orgPrevalence` and as a number under `organizationPrevalence`.
 */
export function readIpStats({ body }: Answered): Reading<IpStats> {
  const document = parseObject(body);
  const prevalence = toCount(document?.organizationPrevalence ?? document?.orgPrevalence);
  if (!document || prevalence === undefined || document.error !== undefined) {
    return malformed('statistics without a prevalence');
  }
  const value = {
    organizationPrevalence: prevalence,
    firstSeen: isoDate(document.orgFirstSeen),
    lastSeen: isoDate(document.orgLastSeen),
  };
  return { kind: 'value', value };
}

/** A number of devices. Nothing else may pass for 0, the most suspicious answer of all. */
function toCount(value: unknown): number | undefined {
  const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(count) && (count as number) >= 0 ? (count as number) : undefined;
}

function isoDate(value: unknown): string | null {
  const date = new Date(typeof value === 'string' ? value : Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
