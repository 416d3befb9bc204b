import type { EnrichedPayload } from '../enrich.js';

/** One form of the answer. Adding one is a file here and a line in the registry. */
export interface Format {
  /** As callers name it in `format`. */
  readonly name: string;
  readonly contentType: string;
  render(enriched: EnrichedPayload): string;
}
