import { RequestError } from '../base/errors.js';
import type { Steps } from '../base/steps.js';
import type { Misfit } from './refusals.js';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  endOfBlanks,
  endOfString,
  lastCommaWithin,
  OPEN_BRACE,
  OPEN_BRACKET,
  PIECE,
  QUOTE,
} from './scan.js';

/** Real objects have some hundred members at most. Measured: to list the names of these takes 30 ms. */
const MOST_MEMBERS = 120_000;
/** 20 MB of alerts are some ten thousand. Measured: an array of ten million is copied for 0.2 s as it grows. */
const MOST_ELEMENTS = 1_000_000;

/** What a text is thrown out with that is no JSON. */
export class NotJson extends Error implements Misfit {
  readonly position: number | undefined;
  readonly isBehind: boolean;

  constructor(position: number | undefined, isBehind = false) {
    super('not JSON');
    this.position = position;
    this.isBehind = isBehind;
  }
}

/**
 * What JSON.parse makes of a text, piece by piece: of 20 MB it would take a second in which nobody else is
 * served. Containers larger than a piece are taken apart here, all else is JSON.parse's.
 */
export class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  *all(): Steps<unknown> {
    const text = this.#text;
    if (text.length <= PIECE) return parsePiece(text, 0);
    const value = yield* this.#value();
    this.#at = endOfBlanks(text, this.#at);
    if (this.#at < text.length) throw new NotJson(this.#at, true);
    return value;
  }

  *#value(): Steps<unknown> {
    const text = this.#text;
    const start = endOfBlanks(text, this.#at);
    const code = text.charCodeAt(start);
    if (code === OPEN_BRACE) return yield* this.#object(start);
    if (code === OPEN_BRACKET) return yield* this.#array(start);
    yield;
    if (code === QUOTE) {
      this.#at = endOfString(text, start);
    } else {
      this.#at = start;
      while (this.#at < text.length && !',]}'.includes(text[this.#at] as string)) this.#at++;
    }
    return parsePiece(text.slice(start, this.#at), start);
  }

  *#array(open: number): Steps<unknown[]> {
    const array: unknown[] = [];
    for (let at = open + 1; at >= 0; ) {
      const piece = this.#piece(at, open, CLOSE_BRACKET);
      if (piece) {
        for (const element of parsePiece(`[${piece.text}]`, at - 1) as unknown[]) array.push(element);
        at = piece.next;
      } else {
        this.#at = at;
        array.push(yield* this.#value());
        at = this.#next(CLOSE_BRACKET);
      }
      if (array.length > MOST_ELEMENTS) throw tooMany('An array', MOST_ELEMENTS, 'elements');
      yield;
    }
    return array;
  }

  *#object(open: number): Steps<Record<string, unknown>> {
    const text = this.#text;
    const object: Record<string, unknown> = {};
    let members = 0;
    for (let at = open + 1; at >= 0; ) {
      const piece = this.#piece(at, open, CLOSE_BRACE);
      if (piece) {
        const part = parsePiece(`{${piece.text}}`, at - 1) as Record<string, unknown>;
        for (const name of Object.keys(part)) {
          define(object, name, part[name]);
          members++;
        }
        at = piece.next;
      } else {
        const start = endOfBlanks(text, at);
        if (text.charCodeAt(start) !== QUOTE) throw new NotJson(start);
        const nameEnd = endOfString(text, start);
        const name = parsePiece(text.slice(start, nameEnd), start) as string;
        const colon = endOfBlanks(text, nameEnd);
        if (text[colon] !== ':') throw new NotJson(colon);
        this.#at = colon + 1;
        define(object, name, yield* this.#value());
        members++;
        at = this.#next(CLOSE_BRACE);
      }
      if (members > MOST_MEMBERS) throw tooMany('An object', MOST_MEMBERS, 'members');
      yield;
    }
    return object;
  }

  /**
   * As many members or elements as fit into a piece, and where the next one starts; -1 where the container
   * ends with them. Undefined where the first one alone is larger.
   */
  #piece(at: number, open: number, closing: number): { text: string; next: number } | undefined {
    const text = this.#text;
    const { comma, close } = lastCommaWithin(text, at);
    if (close < 0 && comma < 0) return undefined;
    const end = close < 0 ? comma : close;
    const piece = text.slice(at, end);
    // After a comma something has to come, and JSON.parse does not see that comma.
    if ((close < 0 || at > open + 1) && endOfBlanks(piece, 0) === piece.length) throw new NotJson(end);
    if (close < 0) return { text: piece, next: comma + 1 };
    if (text.charCodeAt(close) !== closing) throw new NotJson(close);
    this.#at = close + 1;
    return { text: piece, next: -1 };
  }

  /** Where the next member or element starts; -1 at the end of the container. */
  #next(closing: number): number {
    const at = endOfBlanks(this.#text, this.#at);
    const code = this.#text.charCodeAt(at);
    if (code === COMMA) return at + 1;
    if (code !== closing) throw new NotJson(at);
    this.#at = at + 1;
    return -1;
  }
}

function tooMany(what: string, most: number, ofWhat: string): RequestError {
  return new RequestError('invalid-body', `${what} in the body has more than ${most} ${ofWhat}.`);
}

/** As JSON.parse does: an own member, whatever the name is. */
function define(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/** @param offset where in the whole text `piece` starts */
function parsePiece(piece: string, offset: number): unknown {
  try {
    return JSON.parse(piece);
  } catch (error) {
    // "… at position N" is the only part of V8's message that is no payload.
    const { message } = error as Error;
    if (message.startsWith('Unexpected end')) throw new NotJson(offset + piece.length);
    const position = /at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message)?.[1];
    const isBehind = message.startsWith('Unexpected non-whitespace character after JSON');
    throw new NotJson(position === undefined ? undefined : offset + Number(position), isBehind);
  }
}
