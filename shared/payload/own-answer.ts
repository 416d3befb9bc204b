import type { Steps } from '../base/steps.js';
import { member } from './json.js';
import {
  CLOSE_BRACE,
  endOfBlanks,
  endOfString,
  endOfValue,
  nameIn,
  nextInList,
  OPEN_BRACE,
  valueAfter,
} from './scan.js';
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

/** The text of an object's member as it is written; of several of one name the last, as JSON.parse takes. */
function* memberText(text: string, wanted: string): Steps<string | undefined> {
  const open = endOfBlanks(text, 0);
  if (text.charCodeAt(open) !== OPEN_BRACE) return undefined;
  let found: string | undefined;
  let at = endOfBlanks(text, open + 1);
  while (text.charCodeAt(at) !== CLOSE_BRACE) {
    const nameEnd = endOfString(text, at);
    const start = valueAfter(text, nameEnd);
    const end = yield* endOfValue(text, start);
    if (nameIn(text, at, nameEnd) === wanted) found = text.slice(start, end);
    at = nextInList(text, end);
    yield;
  }
  return found;
}
