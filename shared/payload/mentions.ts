import { bareForm } from '../base/alert-id.js';
import type { Path } from './path.js';
import type { AnyShape, Candidate } from './shape.js';
import type { Verdict } from './whose-alert.js';

/** A place that names an alert: whose it is, and what found it. */
export interface Finding {
  readonly shape: AnyShape;
  candidate: Candidate;
  verdict: Verdict;
  /** Which alert, in any spelling of its id; undefined where there is none. */
  readonly key: string | undefined;
  /** A string names it, rather than a known shape. */
  readonly isNamed: boolean;
  /** It stands in a copy, such as an event's raw text. */
  readonly isCopy: boolean;
  /** The object around the string, or the one that the shape recognised. */
  readonly holder: Holder | undefined;
  readonly writtenIn: object | undefined;
  /** It has been seen that the place is the alert's own. */
  isSettled: boolean;
}

/** An object on the way down, which gets the IPs of ids that stand in it as strings. */
export interface Holder {
  /** How many steps lead to it. */
  readonly depth: number;
  path: Path | undefined;
  /** Objects are numbered on the way down: those from `start` up to `end` stand in it, itself included. */
  readonly start: number;
  end: number;
  /** What strings in it name, by the alert. */
  named: Map<string, Finding> | undefined;
}

/**
 * What of the findings of a unit (something posted by itself, or an element of a list) are places of alerts.
 * Others only mention an alert that stands elsewhere in the unit: a string whose alert a known shape found, a
 * part of an object that names the same alert, a copy.
 */
export function settled(findings: readonly Finding[]): Finding[] {
  const known = new Map<string, Finding>();
  for (const finding of findings) {
    const { key, isNamed, isCopy } = finding;
    if (!isNamed && key !== undefined && !(isCopy && known.has(key))) known.set(key, finding);
  }
  const parts = partsOfOthers(findings);
  return findings.filter((finding) => {
    const { isNamed, isCopy, isSettled, key } = finding;
    if (key === undefined || isSettled) return true;
    const alert = known.get(key);
    if (!isNamed) return !isCopy || alert?.isCopy;
    finding.isSettled = true;
    return !alert && !parts.has(finding);
  });
}

/** The strings in objects that stand in another object which names the same alert. */
function partsOfOthers(findings: readonly Finding[]): Set<Finding> {
  const byAlert = new Map<string, { finding: Finding; holder: Holder }[]>();
  for (const finding of findings) {
    const { isNamed, isSettled, key, holder } = finding;
    if (!isNamed || isSettled || key === undefined || !holder) continue;
    const same = byAlert.get(key);
    if (same) same.push({ finding, holder });
    else byAlert.set(key, [{ finding, holder }]);
  }
  const parts = new Set<Finding>();
  for (const same of byAlert.values()) {
    let end = 0;
    for (const { finding, holder } of same.sort((one, other) => one.holder.start - other.holder.start)) {
      if (holder.start < end) parts.add(finding);
      else end = holder.end;
    }
  }
  return parts;
}

/** Which alert an id names, in any spelling of it. */
export function alertKey(id: string): string {
  return bareForm(id) ?? id;
}

/** Whether a place says whose alert it is. */
export function isTelling({ verdict }: Finding): boolean {
  return verdict.kind !== 'unusable';
}

/** Whether a string stands where an id is written by hand, and is none. */
export function isNoId({ isNamed, key }: Finding): boolean {
  return isNamed && key === undefined;
}
