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

/** The index behind the value that starts at `start`, whatever it is. For valid JSON only. */
export function endOfValue(text: string, start: number): number {
  const code = text.charCodeAt(start);
  if (code === QUOTE) return endOfString(text, start);
  if (code !== OPEN_BRACE && code !== OPEN_BRACKET) return endOfScalar(text, start);
  let depth = 0;
  for (let at = start; ; at++) {
    const inside = text.charCodeAt(at);
    if (inside === QUOTE) at = endOfString(text, at) - 1;
    else if (inside === OPEN_BRACE || inside === OPEN_BRACKET) depth++;
    else if ((inside === CLOSE_BRACE || inside === CLOSE_BRACKET) && --depth === 0) return at + 1;
  }
}

function endOfScalar(text: string, start: number): number {
  let at = start;
  while (at < text.length && !',]} \t\r\n'.includes(text[at] as string)) at++;
  return at;
}

/** The index of the first character from `start` on that is no blank. */
export function endOfBlanks(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) <= 0x20) at++;
  return at;
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

/** The deepest nesting of brackets outside strings. The text need not be JSON. */
export function deepestNesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at) - 1;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--;
    }
  }
  return deepest;
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
