import type { EnrichedPayload } from '../enrich.js';

/** One form of the answer. Adding one is a file here and a line in the registry. */
export interface Format {
  /** As callers name it in `format`. */
  readonly name: string;
  /** For people: "Cortex XSOAR context". */
  readonly title: string;
  readonly contentType: string;
  /** Where the IPs stand in the answer, as Markdown for the documentation's table of forms. */
  readonly where: string;
  render(enriched: EnrichedPayload): string;
}
