import type { EnrichedPayload } from '../enrichment/enrich.js';

/**
 * One output format. To add one: a file here and a line in the registry; one that is JSON has its schema in
 * shared/contract/format-schemas.ts, without which no document is made.
 *
 * Every format keeps one rule about lists: a list that could replace one that the receiver has (`related.ip`,
 * `observables`, an alert's `IPs`) is left out while it is not fully answered, and never written empty in its
 * place.
 */
export interface Format {
  /** As callers name it in `format`. */
  readonly name: string;
  /** For people: "Cortex XSOAR context". */
  readonly title: string;
  /** With its parameters, as it is answered. */
  readonly contentType: string;
  /** Where the IPs are in the answer, as Markdown for the documentation's table. */
  readonly where: string;
  /**
   * The body in pieces; `render` puts them together. A pure list of addresses has no place for
   * `enrichment.status`: it is in the `Enrichment-Status` header only, and a caller who must have all or
   * nothing asks with `onFailure=fail`.
   * @throws {RequestError} `answer-too-large`, here or while the pieces are taken
   */
  pieces(enriched: EnrichedPayload): Iterable<Piece>;
}

/** A part of a body. Between two of them other requests can be served. */
export type Piece = string | Promise<string>;
