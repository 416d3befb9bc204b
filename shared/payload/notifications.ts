import type { Steps } from '../base/steps.js';
import { JsonTexts } from './json.js';
import { isNotification } from './shapes/graph-notification.js';
import { MOST_TEXTS, openEnvelope } from './unwrap.js';

/** How many values are looked at between two pauses: some tenths of a millisecond. */
const WORK_BETWEEN_PAUSES = 500;

/** Microsoft Graph's change notifications in a payload, wherever an alert of one would be found. */
export function* findingNotifications(payload: unknown): Steps<readonly unknown[]> {
  const found: unknown[] = [];
  const texts = new JsonTexts();
  let work = 0;
  function* visit(value: unknown, layers: number): Steps<void> {
    if (++work % WORK_BETWEEN_PAUSES === 0) yield;
    if (typeof value === 'string') {
      const parsed = layers > 0 ? yield* texts.parsing(value) : undefined;
      if (parsed !== undefined) yield* visit(parsed, layers - 1);
    } else if (isNotification(value)) {
      found.push(value);
    } else if (typeof value === 'object' && value !== null) {
      for (const { value: content, isEncoded } of openEnvelope(value)?.inner ?? []) {
        if (isEncoded) yield* visit(content, layers);
      }
      const contents = Array.isArray(value) ? value : Object.values(value);
      for (const content of contents) yield* visit(content, layers);
    }
  }
  yield* visit(payload, MOST_TEXTS);
  return found;
}
