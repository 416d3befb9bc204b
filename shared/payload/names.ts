import { isUnmistakable } from '../base/alert-id.js';

/**
 * What the name over a string says of it. Names are compared in lower case, without `_`, `-`, blanks and what
 * stands before a last dot.
 */

/** Names under which a string that is an alert id as a whole is one, whatever form of id it is. */
const LIKELY: ReadonlySet<string> = new Set([
  'id',
  'ids',
  'alertid',
  'alertids',
  'alert',
  'alerts',
  'alertuid',
  'alertidentifier',
  'defenderalertid',
  'mdealertid',
  'mdatpalertid',
  'provideralertid',
  'vendororiginalid',
  'vendoralertid',
  'originalid',
  'originalalertid',
  'sourceid',
  'sourcealertid',
  'sourceref',
  'externalid',
  'externalalertid',
  'externalref',
  'nativeid',
  'uid',
]);

/** Names that never hold an alert's id, whatever is in them: of machines, incidents, Sentinel's own. */
const NEVER = /(?:machine|device|detector|incident|systemalert)(?:ids?|uid|number|name)?$/;

/** Names that say nothing by themselves, so that the name of what they stand in counts. */
const NAMELESS: ReadonlySet<string> = new Set(['id', 'ids', 'uid', 'value', 'values', 'string', 'name']);

/** Members that hold what came in as it came, as a proof: others compute digests of them. */
const RAW: ReadonlySet<string> = new Set([
  'raw',
  'rawevent',
  'rawlog',
  'rawdata',
  'fulllog',
  'original',
  'originalevent',
  'eventoriginal',
]);

/** Longer than any name that says something. */
const LONGEST_NAME = 100;

/** A member's name as it is compared; empty for one that is too long to say anything. */
export function plainName(name: string): string {
  if (name.length > LONGEST_NAME) return '';
  return name
    .slice(name.lastIndexOf('.') + 1)
    .toLowerCase()
    .replace(/[_\-\s]/g, '');
}

/** The name around a member with a dotted name: of `incident.id` it is `incident`. */
export function nameAround(name: string, around: string): string {
  const dot = name.length > LONGEST_NAME ? -1 : name.lastIndexOf('.');
  return dot < 0 ? around : plainName(name.slice(0, dot));
}

/**
 * Whether an alert id counts as one under a name.
 * @param name and `outer`, what it stands in: as `plainName` gives them
 */
export function counts(alertId: string, name: string, outer: string): boolean {
  if (NEVER.test(name) || (NAMELESS.has(name) && NEVER.test(outer))) return false;
  return LIKELY.has(name) || isUnmistakable(alertId);
}

/** Whether the address of an alert's page counts under a name: it says by itself what it is. */
export function countsAsLink(name: string): boolean {
  return !NEVER.test(name);
}

/** Whether a member holds a raw copy of an event; `name` as it is written. */
export function isRawCopy(name: string): boolean {
  if (name.length > LONGEST_NAME) return false;
  return RAW.has(name.toLowerCase().replace(/[_\-\s.]/g, ''));
}
