import { isDeepStrictEqual } from 'node:util';
import { inventIps } from '../../local/defender/alerts.js';
import { canonicalIpAddress } from '../../shared/base/ip-address.js';
import type { Answer } from '../support/exchange.js';
import { leaksIn } from '../support/leaks.js';
import { CANARY, type Payload } from './payloads.js';

/** What must not be, each once with the number of times that it was seen. */
export class Findings {
  readonly #seen = new Map<string, number>();

  add(finding: string): void {
    this.#seen.set(finding, (this.#seen.get(finding) ?? 0) + 1);
  }

  get all(): readonly string[] {
    return [...this.#seen].map(([finding, times]) => (times > 1 ? `${finding} (${times} times)` : finding));
  }
}

/** What Defender says of an alert, in canonical form and order. */
export function ipsOf(alertId: string): string[] {
  return inventIps(alertId)
    .map((ip) => canonicalIpAddress(ip) ?? ip)
    .sort();
}

interface AlertEntry {
  readonly alertId?: string;
  readonly status: string;
  readonly ips: readonly string[];
}

/** Whether an answer in the form `enriched` is right: every alert with its own IPs, the payload as it was. */
export function checkEnriched(
  { json }: Answer,
  { shape, text, alertIds }: Payload,
  findings: Findings,
): void {
  const entries: readonly AlertEntry[] = json.enrichment.alerts;
  for (const alertId of alertIds) {
    const entry = entries.find((one) => one.alertId === alertId);
    if (entry?.status === 'failed') continue;
    if (entry?.status !== 'found') findings.add(`${shape}: an alert came back as ${entry?.status}`);
    else if (!isDeepStrictEqual([...entry.ips].sort(), ipsOf(alertId))) {
      findings.add(`${shape}: an alert came back with IPs that are not its own`);
    }
  }
  if (shape.startsWith('own-answer/')) return; // the payload is what is in it
  if (!isDeepStrictEqual(withoutIps(json.alert), withoutIps(JSON.parse(text)))) {
    findings.add(`${shape}: the payload came back changed`);
  }
}

/** The alert as posted; in a text within the payload `relatedIps` stands escaped. */
function withoutIps(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, one) => strip(one)));
}

function strip(value: unknown): unknown {
  if (typeof value === 'string' && /^\s*["[{]/.test(value)) return inText(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'relatedIps'));
}

function inText(text: string): unknown {
  try {
    return withoutIps(JSON.parse(text));
  } catch {
    return text;
  }
}

/** Whether an answer that is no result is a problem for the reader, says when to come back, and leaks nothing. */
export function checkProblem({ status, headers, text }: Answer, findings: Findings): void {
  const seconds = Number(headers['retry-after']);
  if (headers['content-type'] !== 'application/problem+json') findings.add(`a ${status} that is no problem`);
  if (![429, 503, 504].includes(status)) findings.add(`a ${status}: ${text.slice(0, 300)}`);
  else if (!Number.isInteger(seconds) || seconds < 1) findings.add(`a ${status} without Retry-After`);
  checkSilent(text, 'a problem', findings);
}

/** Whether nothing secret stands in what was written. */
export function checkSilent(written: string, where: string, findings: Findings): void {
  for (const leak of leaksIn(written, [CANARY, 'AccountKey='])) findings.add(`${where} holds ${leak}`);
}
