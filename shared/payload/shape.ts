import type { JsonTexts } from './json.js';
import type { Path } from './path.js';

/**
 * One alert as a shape finds it, before anyone has looked at its ids. Values come as the payload has
 * them, of whatever type.
 */
export interface Candidate {
  /** The alert object; where the alert is a bare string or a table's row, that. */
  readonly path: Path;
  /** The object that gets the IPs; absent where there is none. */
  readonly attachTo: Path | undefined;
  /** What could be the id, best first. */
  readonly ids: readonly unknown[];
  /** Addresses of portal pages that carry the id, as a last resort. */
  readonly links?: readonly unknown[];
  /** The product as the payload names it; several fields can, and not all of them hold known names. */
  readonly products?: readonly unknown[];
  /** Addresses that the payload itself ties to this alert; read only as far as they are wanted. */
  readonly ips?: Iterable<unknown>;
}

/**
 * Candidates as they are found. `undefined` stands for an element that was looked at and is none: a hostile
 * list can have millions of them, and between them others have their turn.
 */
export type Candidates = Iterable<Candidate | undefined>;

/** What a payload can be recognised as. */
export interface AnyShape {
  /** As it is answered in `shape`, such as `mde-alert`. */
  readonly name: string;
  /** For people: "Defender for Endpoint alert". */
  readonly title: string;
  /** For people, in Markdown: where the alert ids sit, best first, and what is left alone. */
  readonly where: string;
  /** For people, in Markdown: which products and tools send it, and what has become of them. */
  readonly seen: string;
  /** For whoever posts one without an alert in it: what to post instead. */
  readonly instead?: string;
}

/** One recognised layout of an object. Adding one is a file in shapes/ and a line in its registry. */
export interface Shape extends AnyShape {
  /**
   * Members of which every object of this shape has at least one: objects without any need not be
   * tried, and a hostile payload can have millions.
   */
  readonly telltales: readonly string[];
  /**
   * The alerts in an object, none of them included, or undefined when it is not of this shape.
   * Recognised by structure, since a field that is called `alertId` proves nothing. Lists need no
   * care where every element is an alert of its own: the walk hands out elements one by one.
   *
   * @param texts reads JSON texts in strings
   */
  find(object: unknown, texts: JsonTexts): Candidates | undefined;
  /**
   * Members that never hold an alert of this object, such as an incident's own `id`. Where the shape
   * finds no id, the others are searched as JSON of no known shape is.
   */
  readonly never?: readonly string[];
  /**
   * Whoever sends it writes what they like where the product is named, so that this alone does not tell whose
   * alert it is as long as an id can be found in the rest.
   */
  readonly isSourceFree?: true;
}

/** A candidate that is an object and gets the IPs itself. */
export function objectCandidate(path: Path, rest: Omit<Candidate, 'path' | 'attachTo'>): Candidate {
  return { path, attachTo: path, ...rest };
}

/** What `make` gives for each element of a list, one at a time: a hostile list can have millions. */
export function* eachOf<T>(
  list: Iterable<T>,
  make: (element: T, index: number) => Candidate | undefined,
): Generator<Candidate | undefined> {
  let index = 0;
  for (const element of list) yield make(element, index++);
}

/**
 * The candidates of an incident's alerts, which stand in a list; tools that split incidents leave the one
 * alert in the list's place.
 */
export function alertsIn(
  alerts: unknown,
  path: Path,
  make: (alert: unknown, path: Path) => Candidate,
): Candidates {
  if (Array.isArray(alerts)) return eachOf(alerts, (alert, index) => make(alert, [...path, index]));
  return typeof alerts === 'object' && alerts !== null ? [make(alerts, path)] : [];
}

/** The candidate of something that stands at `prefix`. */
export function under(prefix: Path, candidate: Candidate): Candidate {
  if (prefix.length === 0) return candidate;
  const { path, attachTo } = candidate;
  return { ...candidate, path: [...prefix, ...path], attachTo: attachTo && [...prefix, ...attachTo] };
}
