import type { Steps } from '../base/steps.js';
import { JsonTexts } from './json.js';
import { isNotification } from './shapes/graph-notification.js';
import { MOST_LISTS, MOST_WRAPPERS, wrappedIn } from './unwrap.js';

/** How many values are looked at between two pauses: some tenths of a millisecond. */
const WORK_BETWEEN_PAUSES = 500;

/** Microsoft Graph's change notifications in a payload, through the wrappers that alerts are found in. */
export function* findingNotifications(payload: unknown): Steps<readonly unknown[]> {
  const found: unknown[] = [];
  const texts = new JsonTexts();
  let work = 0;
  function* visit(value: unknown, most: number): Steps<void> {
    if (++work % WORK_BETWEEN_PAUSES === 0) yield;
    if (typeof value === 'string') {
      const parsed = yield* texts.parsing(value);
      if (parsed !== undefined && most > 0) yield* visit(parsed, most - 1);
      return;
    }
    if (isNotification(value)) found.push(value);
    else if (most > 0) for (const content of wrappedIn(value)) yield* visit(content, most - 1);
  }
  yield* visit(payload, MOST_WRAPPERS + 2 * MOST_LISTS);
  return found;
}
