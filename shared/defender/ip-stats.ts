import type { IpStats } from '../source.js';
import type { Reading } from './client.js';
import { parseObject } from './wire.js';

/**
 * Reads the answer to `GET /api/ips/{ip}/stats`
 * (https://learn.microsoft.com/defender-endpoint/api/get-ip-statistics). The API's page shows the
 * prevalence as a text under `orgPrevalence` and as a number under `organizationPrevalence`.
 */
export function readIpStats(body: string): Reading<IpStats> {
  const document = parseObject(body);
  const prevalence = Number(document?.organizationPrevalence ?? document?.orgPrevalence ?? Number.NaN);
  if (!Number.isInteger(prevalence) || prevalence < 0) {
    return { kind: 'malformed', what: 'statistics without a prevalence' };
  }
  const value = {
    organizationPrevalence: prevalence,
    firstSeen: isoDate(document?.orgFirstSeen),
    lastSeen: isoDate(document?.orgLastSeen),
  };
  return { kind: 'value', value };
}

function isoDate(value: unknown): string | null {
  const date = new Date(typeof value === 'string' ? value : Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
