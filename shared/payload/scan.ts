import type { Steps } from '../base/steps.js';

/**
 * The little that is read of JSON as text: where values end, how deep brackets nest. Everything here
 * takes one step per character at most, so that it is linear in the text's size.
 */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const BACKSLASH = 0x5c;
export const BYTE_ORDER_MARK = 0xfeff;

/** How many characters are read at once, in a fraction of a millisecond; then others may have their turn. */
export const PIECE = 65_536;

/** The index behind the closing quote of the string that opens at `start`, or the text's end. */
export function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
}

/** Where a scan of JSON stands: at which character, how deep in brackets, within a string or not. */
interface Position {
  at: number;
  depth: number;
  inString: boolean;
}

/**
 * Goes on to the end of a value, but no further than `until`.
 * @returns whether the value ended; `position.at` is then behind it
 */
function scan(text: string, position: Position, until: number): boolean {
  let { at, depth, inString } = position;
  const last = Math.min(until, text.length);
  for (; at < last; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) inString = false;
      else continue;
      if (inString || depth > 0) continue;
    } else if (code === QUOTE) {
      inString = true;
      continue;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth++;
      continue;
    } else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && depth > 0) {
      if (--depth > 0) continue;
    } else {
      continue;
    }
    position.at = at + 1;
    return true;
  }
  position.at = at;
  position.depth = depth;
  position.inString = inString;
  return false;
}

/**
 * The index behind the value that starts at `start` if it has at most `PIECE` characters, else -1. For valid
 * JSON only.
 */
export function endNearby(text: string, start: number): number {
  const code = text.charCodeAt(start);
  if (code !== QUOTE && code !== OPEN_BRACE && code !== OPEN_BRACKET) return endOfScalar(text, start);
  const position = { at: start, depth: 0, inString: false };
  return scan(text, position, start + PIECE) ? position.at : -1;
}

/** The index behind the value that starts at `start`, whatever it is. For valid JSON only. */
export function* endOfValue(text: string, start: number): Steps<number> {
  const near = endNearby(text, start);
  if (near >= 0) return near;
  const position = { at: start, depth: 0, inString: false };
  while (!scan(text, position, position.at + PIECE)) {
    if (position.at >= text.length) return text.length;
    yield;
  }
  return position.at;
}

function endOfScalar(text: string, start: number): number {
  let at = start;
  while (at < text.length && !',]} \t\r\n'.includes(text[at] as string)) at++;
  return at;
}

/**
 * The last comma between members or elements from `start` on, within a piece; and their closing bracket, if
 * that comes before the piece ends. Neither is there where the first of them is larger than a piece.
 */
export function lastCommaWithin(text: string, start: number): { comma: number; close: number } {
  const last = Math.min(start + PIECE, text.length);
  let comma = -1;
  let depth = 0;
  let inString = false;
  for (let at = start; at < last; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) {
      inString = true;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth++;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (depth === 0) return { comma, close: at };
      depth--;
    } else if (code === COMMA && depth === 0) {
      comma = at;
    }
  }
  return { comma, close: -1 };
}

/** The index of the first character from `start` on that is no blank, as JSON knows them. */
export function endOfBlanks(text: string, start: number): number {
  let at = start;
  for (let code = text.charCodeAt(at); ; code = text.charCodeAt(++at)) {
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
  }
}

/** From behind a member's name over the colon: to its value. */
export function valueAfter(text: string, nameEnd: number): number {
  return endOfBlanks(text, endOfBlanks(text, nameEnd) + 1);
}

/** From behind a value over blanks and a comma: to the next member or element, or the closing bracket. */
export function nextInList(text: string, end: number): number {
  const at = endOfBlanks(text, end);
  return text.charCodeAt(at) === COMMA ? endOfBlanks(text, at + 1) : at;
}

/** The name that a member's string from `start` to `end` stands for. */
export function nameIn(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1);
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
}

/** Whether brackets outside strings nest deeper than `most`. The text need not be JSON. */
export function* isDeeperThan(most: number, text: string): Steps<boolean> {
  let depth = 0;
  let inString = false;
  let pause = PIECE;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) {
      inString = true;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > most) return true;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--;
    }
    if (at > pause) {
      pause = at + PIECE;
      yield;
    }
  }
  return false;
}

/** Line and column, both from 1, of the character at `position`. */
export function lineAndColumn(text: string, position: number): { line: number; column: number } {
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < position; at = text.indexOf('\n', at + 1)) {
    line++;
    lineStart = at + 1;
  }
  return { line, column: position - lineStart + 1 };
}
