import type { Steps } from '../base/steps.js';
import {
  BYTE_ORDER_MARK,
  CLOSE_BRACE,
  endOfBlanks,
  endOfString,
  endOfValue,
  nameIn,
  nextInList,
  OPEN_BRACE,
  valueAfter,
} from './scan.js';

/** Where the value of a member is in an object's text, and where the last member ends. */
interface Place {
  /** Of several members of one name the last, as JSON.parse takes. */
  readonly value: { readonly start: number; readonly end: number } | undefined;
  /** Where a further member is written. */
  readonly lastEnd: number;
  readonly isEmpty: boolean;
}

function* placeOf(text: string, wanted: string): Steps<Place | undefined> {
  const open = endOfBlanks(text, text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0);
  if (text.charCodeAt(open) !== OPEN_BRACE) return undefined;
  let value: Place['value'];
  let lastEnd = open + 1;
  let at = endOfBlanks(text, open + 1);
  const isEmpty = text.charCodeAt(at) === CLOSE_BRACE;
  while (text.charCodeAt(at) !== CLOSE_BRACE) {
    const nameEnd = endOfString(text, at);
    const start = valueAfter(text, nameEnd);
    lastEnd = yield* endOfValue(text, start);
    if (nameIn(text, at, nameEnd) === wanted) value = { start, end: lastEnd };
    at = nextInList(text, lastEnd);
    yield;
  }
  return { value, lastEnd, isEmpty };
}

/** The text of an object's member as it is written; undefined where there is none, or `text` is no object. */
export function* memberText(text: string, name: string): Steps<string | undefined> {
  const value = (yield* placeOf(text, name))?.value;
  return value && text.slice(value.start, value.end);
}

/**
 * An object's text with a member in it, and nothing else changed by a character.
 * @param text valid JSON of an object
 * @param json the member's value; it replaces one that is there
 */
export function* withMember(text: string, name: string, json: string): Steps<string> {
  const place = yield* placeOf(text, name);
  if (!place) throw new TypeError('only objects have members');
  const { value, lastEnd, isEmpty } = place;
  if (value) return text.slice(0, value.start) + json + text.slice(value.end);
  const member = `${isEmpty ? '' : ','}${JSON.stringify(name)}:${json}`;
  return text.slice(0, lastEnd) + member + text.slice(lastEnd);
}
