import type { AlertEntry, Enrichment, ForwardReceipt } from '../enrichment/result.js';

/** What `status` can say in the answers, in the order of the documents. */

export const ALERT_STATUSES = wordsOf<AlertEntry['status']>({
  found: true,
  empty: true,
  not_found: true,
  skipped: true,
  failed: true,
});

export const ENRICHMENT_STATUSES = wordsOf<Enrichment['status']>({
  complete: true,
  partial: true,
  failed: true,
});

export const DELIVERY_STATUSES = wordsOf<ForwardReceipt['status']>({
  queued: true,
  delivered: true,
  'dead-lettered': true,
});

/** All words of a type: the compiler wants each of them, and no other. */
function wordsOf<Word extends string>(words: Readonly<Record<Word, true>>): readonly Word[] {
  return Object.keys(words) as Word[];
}
