import { isAnyAlertId } from '../base/alert-id.js';
import { RequestError } from '../base/errors.js';
import { type Clues, cluesIn } from './clues.js';
import { isObject } from './json.js';
import type { Path } from './path.js';
import { type AnyShape, type Candidate, under } from './shape.js';
import { plain } from './shapes/plain.js';
import { type Inner, MOST_WRAPPERS, NOTHING, unwrap } from './unwrap.js';

/**
 * Most places in which one payload may name alerts. As many alerts take a job more than eight hours,
 * four fifths of 1,500 calls in each.
 */
export const MOST_ALERTS = 10_000;

/** How many lists may stand around an alert, beside the wrappers. */
const MOST_LISTS = 5;

/** How much may stand around an alert altogether. */
export const MOST_AROUND = MOST_WRAPPERS + MOST_LISTS;

/** An alert, and the shape that found it. */
export interface Finding {
  readonly shape: AnyShape;
  readonly candidate: Candidate;
}

/** What a payload was recognised as. */
export interface Recognised {
  /** Every shape that recognised some of it, also those that found no alert there. */
  readonly shapes: ReadonlySet<AnyShape>;
  /** In the payload's order; several places can name one alert. */
  readonly findings: readonly Finding[];
  /** Titles of the envelopes around. */
  readonly envelopes: ReadonlySet<string>;
}

/**
 * Recognises a payload, through wrappers; in a list of several shapes each element has its own.
 * @throws {RequestError} `invalid-body` when it carries too many alerts
 */
export function recognise(payload: unknown): Recognised {
  const search = new Search();
  search.visit(payload, [], { wrappers: MOST_WRAPPERS, lists: MOST_LISTS });
  return search;
}

/** What is left of what may be unwrapped. */
interface Allowance {
  readonly wrappers: number;
  readonly lists: number;
}

function lessAWrapper({ wrappers, lists }: Allowance): Allowance {
  return { wrappers: wrappers - 1, lists };
}

function lessAList({ wrappers, lists }: Allowance): Allowance {
  return { wrappers, lists: lists - 1 };
}

/** An array or a string has no members to tell anything, and can always hold something. */
const NO_CLUES: Clues = { shapes: [], mayWrap: true };

/** Every value is visited once on its way down, so the work is linear in the payload's size. */
class Search implements Recognised {
  readonly shapes = new Set<AnyShape>();
  readonly findings: Finding[] = [];
  readonly envelopes = new Set<string>();

  /** @returns whether anything but the plain shape found an alert in there */
  visit(value: unknown, path: Path, allowance: Allowance): boolean {
    const before = this.findings.length;
    const { shapes, mayWrap } = isObject(value) ? cluesIn(value) : NO_CLUES;
    for (const shape of shapes) {
      if (this.#take(shape, value, path)) return this.findings.length > before;
    }
    const { inner, isEnvelope, isList, title } = mayWrap ? unwrap(value) : NOTHING;
    if (title) this.envelopes.add(title);
    const isTelling = this.#visitAll(inner, path, isList ? lessAList(allowance) : lessAWrapper(allowance));
    if (!isEnvelope && !isTelling) this.#preferPlain(value, path, before);
    return isTelling;
  }

  #visitAll(inner: Iterable<Inner>, path: Path, allowance: Allowance): boolean {
    if (allowance.lists < 0 || allowance.wrappers < 0) return false;
    let isTelling = false;
    for (const { value, steps } of inner) {
      if (this.visit(value, steps.length > 0 ? [...path, ...steps] : path, allowance)) isTelling = true;
    }
    return isTelling;
  }

  /**
   * The plain shape says so little that anything else in there beats it; of two plain ones the outer
   * is meant, unless only the inner one has an alert's id.
   */
  #preferPlain(value: unknown, path: Path, before: number): void {
    const within = this.findings.length > before ? this.findings.splice(before) : [];
    if (this.#take(plain, value, path)) {
      if (within.length === 0 || this.findings.slice(before).some(hasAlertId)) return;
      this.findings.length = before;
    }
    for (const finding of within) this.findings.push(finding);
  }

  #take(shape: AnyShape, value: unknown, path: Path): boolean {
    const candidates = shape.find(value);
    if (!candidates) return false;
    this.shapes.add(shape);
    for (const candidate of candidates) {
      if (this.findings.length >= MOST_ALERTS) throw tooManyAlerts();
      this.findings.push({ shape, candidate: under(path, candidate) });
    }
    return true;
  }
}

function hasAlertId({ candidate }: Finding): boolean {
  return candidate.ids.some(isAnyAlertId);
}

/** The error for a payload that names alerts in more than `MOST_ALERTS` places. */
export function tooManyAlerts(): RequestError {
  return new RequestError(
    'invalid-body',
    `The payload names alerts in more than ${MOST_ALERTS} places, which is what one post takes. Split it.`,
  );
}
