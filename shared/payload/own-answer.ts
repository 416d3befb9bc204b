import type { Steps } from '../base/steps.js';
import { member } from './json.js';
import { memberText } from './members.js';
import { isOwnAnswer, MOST_WRAPPERS } from './unwrap.js';

/**
 * The text of the alert in an answer of this app that was posted again, so that the new answer holds
 * the alert and not the old answer; any other text as it is.
 *
 * @param text valid JSON
 * @param payload what `text` parses to
 */
export function* removingOwnAnswer(text: string, payload: unknown): Steps<string> {
  let alertText = text;
  let at = payload;
  for (let answers = 0; answers < MOST_WRAPPERS && isOwnAnswer(at); answers++) {
    alertText = (yield* memberText(alertText, 'alert')) ?? alertText;
    at = member(at, 'alert');
  }
  return alertText;
}
