import type { EnrichedPayload } from '../enrichment/enrich.js';

/**
 * One form of the answer. Adding one is a file here and a line in the registry; one that is JSON has its schema in
 * shared/contract/format-schemas.ts, without which no document is made.
 */
export interface Format {
  /** As callers name it in `format`. */
  readonly name: string;
  /** For people: "Cortex XSOAR context". */
  readonly title: string;
  /** With its parameters, as it is answered. */
  readonly contentType: string;
  /** Where the IPs stand in the answer, as Markdown for the documentation's table of forms. */
  readonly where: string;
  /**
   * The body. A pure list of addresses has no place for `enrichment.status`: it stands in the
   * `Enrichment-Status` header only, and a caller who must have all or nothing asks with `onFailure=fail`.
   */
  render(enriched: EnrichedPayload): string;
}
