import type { SourceAnswer } from './source.js';

/**
 * So many different alerts in a row, none of them known, make a source suspect: it may be gone, or asked
 * about another tenant's alerts. A choice: real alerts are unknown one by one, when they are asked about
 * too early or too late.
 */
export const SUSPECT_AFTER = 20;

/**
 * The different alerts in a row that a source did not know, after one more answer; at most `SUSPECT_AFTER`.
 * Pure.
 * @param unknown what it was before
 */
export function unknownInARow(
  unknown: ReadonlySet<string>,
  alertId: string,
  status: SourceAnswer['status'],
): ReadonlySet<string> {
  if (status !== 'not_found') return new Set();
  if (isSuspect(unknown)) return unknown;
  return new Set([...unknown, alertId]);
}

/** Whether a source that did not know these alerts is suspect. */
export function isSuspect(unknown: ReadonlySet<string>): boolean {
  return unknown.size >= SUSPECT_AFTER;
}
