import { isEndpointAlertId } from '../base/alert-id.js';
import { cluesIn } from './clues.js';
import { isObject, type JsonObject, parseNested } from './json.js';
import type { Candidate } from './shape.js';
import { RELATED_IPS } from './splice.js';
import { type Inner, MOST_WRAPPERS, NOTHING, unwrap } from './unwrap.js';

/** What is answered in `shape` where no known shape matched. */
export const UNKNOWN = 'unknown';

/**
 * Names of members that plausibly hold an alert id, in lower case without `_`, `-`, blanks and what
 * stands before a last dot. A value under them counts only if it fits the grammar exactly.
 */
const PLAUSIBLE: ReadonlySet<string> = new Set([
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

/**
 * Strings that fit Defender for Endpoint's grammar exactly, under plausible names, in JSON of no known
 * shape. Each value is looked at once, and no more than `most` are gathered.
 */
export function findUnknown(payload: unknown, most: number): readonly Candidate[] {
  const search = new Search(most);
  search.visit(payload, { holder: undefined, isPlausible: true, strings: MOST_WRAPPERS });
  return search.found;
}

interface Surroundings {
  /** How many steps lead to the innermost object around the value; undefined where there is none. */
  readonly holder: number | undefined;
  readonly isPlausible: boolean;
  /** How many layers of JSON strings may still be parsed. */
  readonly strings: number;
}

class Search {
  readonly found: Candidate[] = [];
  readonly #most: number;
  /** Where the walk is; copied only for what is found. */
  readonly #steps: (string | number)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  visit(value: unknown, around: Surroundings): void {
    if (this.found.length >= this.#most) return;
    if (typeof value === 'string') {
      this.#string(value, around);
    } else if (Array.isArray(value)) {
      for (const [index, element] of value.entries()) this.#step(index, element, around);
    } else if (isObject(value)) {
      const { isEnvelope, inner } = cluesIn(value).mayWrap ? unwrap(value) : NOTHING;
      if (isEnvelope) this.#envelope(inner, around);
      else this.#object(value, around);
    }
  }

  /** An event's own id is the event's, so only what is in it is looked at. */
  #envelope(inner: Iterable<Inner>, around: Surroundings): void {
    for (const { value, steps } of inner) {
      for (const step of steps) this.#step(step, value, { ...around, holder: undefined, isPlausible: false });
    }
  }

  #object(value: JsonObject, around: Surroundings): void {
    const holder = this.#steps.length;
    for (const name of Object.keys(value)) {
      if (name === RELATED_IPS) continue; // ours, and replaced as a whole
      this.#step(name, value[name], { ...around, holder, isPlausible: isPlausibleName(name) });
    }
  }

  #step(step: string | number, value: unknown, around: Surroundings): void {
    if (typeof value !== 'string' && (typeof value !== 'object' || value === null)) return;
    this.#steps.push(step);
    this.visit(value, around);
    this.#steps.pop();
  }

  #string(value: string, { holder, isPlausible, strings }: Surroundings): void {
    if (isEndpointAlertId(value)) {
      if (!isPlausible) return;
      const attachTo = holder === undefined ? undefined : this.#steps.slice(0, holder);
      const isMember = attachTo !== undefined && this.#steps.length === attachTo.length + 1;
      this.found.push({ path: isMember ? attachTo : this.#steps.slice(), attachTo, ids: [value] });
      return;
    }
    const parsed = strings > 0 ? parseNested(value) : undefined;
    if (parsed !== undefined) this.visit(parsed, { holder, isPlausible, strings: strings - 1 });
  }
}

function isPlausibleName(name: string): boolean {
  if (name.length > 100) return false;
  const last = name.slice(name.lastIndexOf('.') + 1);
  return PLAUSIBLE.has(last.toLowerCase().replace(/[_\-\s]/g, ''));
}
