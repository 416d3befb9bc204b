import type { Path } from './path.js';

/**
 * One alert as a shape finds it, before anyone has looked at its ids. Values come as the payload has
 * them, of whatever type.
 */
export interface Candidate {
  /** The alert object; where the alert is a bare string, the string. */
  readonly path: Path;
  /** The object that gets the IPs; absent where there is none. */
  readonly attachTo: Path | undefined;
  /** What could be the id, best first. */
  readonly ids: readonly unknown[];
  /** Addresses of portal pages that carry the id, as a last resort. */
  readonly links?: readonly unknown[];
  /** The product as the payload names it. */
  readonly product?: unknown;
  /** Addresses that the payload itself ties to this alert. */
  readonly ips?: readonly unknown[];
}

/** One recognised layout of a payload. Adding one is a file here and a line in the registry. */
export interface Shape {
  /** As it is answered in `shape`, such as `mde-alert`. */
  readonly name: string;
  /** For people: "Defender for Endpoint alert". */
  readonly title: string;
  /**
   * The alerts in the payload, none of them included, or undefined when it is not of this shape.
   * Recognised by structure, since a field that is called `alertId` proves nothing.
   */
  find(payload: unknown): readonly Candidate[] | undefined;
}

/** A candidate that is an object and gets the IPs itself. */
export function objectCandidate(path: Path, rest: Omit<Candidate, 'path' | 'attachTo'>): Candidate {
  return { path, attachTo: path, ...rest };
}
