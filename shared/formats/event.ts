import type { Steps } from '../base/steps.js';
import type { EnrichedPayload } from '../enrichment/enrich.js';
import { memberText, withMember } from '../payload/members.js';

/** A posted event that is answered whole: its text, and what JSON.parse makes of it. */
export interface PostedEvent {
  readonly text: string;
  readonly document: Readonly<Record<string, unknown>>;
}

/**
 * The payload, where it is one event of a shape and nothing around it; then a format of that shape gives the
 * event back. Of anything else it gives a fragment.
 */
export function postedEvent({ enrichment, posted }: EnrichedPayload, shape: string): PostedEvent | undefined {
  const [alert, ...more] = enrichment.alerts;
  if (!posted || !alert || more.length > 0 || alert.shape !== shape || alert.pointer !== '') return undefined;
  return { text: posted.text, document: posted.payload as PostedEvent['document'] };
}

/** Whether no lookup failed: only then can a list of all addresses be the whole of it. */
export function isWhole({ enrichment }: EnrichedPayload): boolean {
  return enrichment.status === 'complete' && enrichment.ips.length > 0;
}

/**
 * An object's text with entries added to the end of one of its lists; the list is made where there is none.
 * What is no list stays as it is.
 */
export function* withAppended(text: string, name: string, entries: readonly unknown[]): Steps<string> {
  if (entries.length === 0) return text;
  const list = yield* memberText(text, name);
  const added = entries.map((entry) => JSON.stringify(entry)).join(',');
  if (list === undefined || list === 'null') return yield* withMember(text, name, `[${added}]`);
  if (!list.startsWith('[')) return text;
  const before = list.slice(0, -1).trimEnd();
  return yield* withMember(text, name, `${before}${before === '[' ? '' : ','}${added}]`);
}
