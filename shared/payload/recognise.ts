import { RequestError } from '../errors.js';
import { isObject } from './json.js';
import type { Path } from './path.js';
import { type Candidate, type Shape, under } from './shape.js';
import { SHAPES } from './shapes/index.js';
import { plain } from './shapes/plain.js';
import { unwrap } from './unwrap.js';

/** Most alerts that one payload may carry: what the upstream answers in about six hours. */
export const MOST_ALERTS = 10_000;

/** How many wrappers may stand around an alert: body, string, event, string again, and one to spare. */
const MOST_WRAPPERS = 5;

/** How many lists may stand around an alert, beside the wrappers. */
const MOST_LISTS = 5;

/** An alert, and the shape that found it. */
export interface Finding {
  readonly shape: Shape;
  readonly candidate: Candidate;
}

/** What a payload was recognised as. */
export interface Recognised {
  /** Every shape that recognised some of it, also those that found no alert there. */
  readonly shapes: ReadonlySet<Shape>;
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

const SPECIFIC_SHAPES = SHAPES.filter((shape) => shape !== plain);

/** Every value is visited once on its way down, so the work is linear in the payload's size. */
class Search implements Recognised {
  readonly shapes = new Set<Shape>();
  readonly findings: Finding[] = [];
  readonly envelopes = new Set<string>();

  /** @returns whether anything but the plain shape recognised something in there */
  visit(value: unknown, path: Path, allowance: Allowance): boolean {
    if (isObject(value) || Array.isArray(value)) {
      for (const shape of SPECIFIC_SHAPES) {
        if (this.#take(shape, value, path)) return true;
      }
    }
    const before = this.findings.length;
    const { inner, isEnvelope, isList, title } = unwrap(value);
    if (title) this.envelopes.add(title);
    const left = isList
      ? { ...allowance, lists: allowance.lists - 1 }
      : { ...allowance, wrappers: allowance.wrappers - 1 };
    let isTelling = false;
    if (left.lists >= 0 && left.wrappers >= 0) {
      for (const { value: content, steps } of inner) {
        if (this.visit(content, steps.length > 0 ? [...path, ...steps] : path, left)) isTelling = true;
      }
    }
    if (!isEnvelope && !isTelling) this.#preferPlain(value, path, before);
    return isTelling;
  }

  /**
   * The plain shape says so little that anything else in there beats it; of two plain ones the outer
   * is meant.
   */
  #preferPlain(value: unknown, path: Path, before: number): void {
    const within = this.findings.splice(before);
    if (!this.#take(plain, value, path)) for (const finding of within) this.findings.push(finding);
  }

  #take(shape: Shape, value: unknown, path: Path): boolean {
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

/** The error for a payload with more than `MOST_ALERTS`. */
export function tooManyAlerts(): RequestError {
  return new RequestError(
    'invalid-body',
    `The payload carries more than ${MOST_ALERTS} alerts, which is what one post takes. Split it.`,
  );
}
