import { Pace } from '../base/steps.js';
import { byteBudget } from '../enrichment/answer-limit.js';
import type { EnrichedPayload } from '../enrichment/enrich.js';
import type { Format } from './format.js';

/**
 * A payload in an output format. Others are served meanwhile: an answer can have tens of thousands of
 * entries.
 * @throws {RequestError} `answer-too-large`, before the text is put together
 */
export async function render(format: Format, enriched: EnrichedPayload): Promise<string> {
  const spend = byteBudget(enriched.posted?.text.length ?? 0);
  const pace = new Pace();
  const pieces: string[] = [];
  for (const made of format.pieces(enriched)) {
    const piece = typeof made === 'string' ? made : await made;
    spend(Buffer.byteLength(piece));
    pieces.push(piece);
    if (pace.isPauseDue) await pace.pause();
  }
  return pieces.join('');
}
