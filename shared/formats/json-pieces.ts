import type { Piece } from './format.js';

/** How long a piece of a list becomes, in characters. A choice: few pieces, and each is made in a moment. */
const PIECE_CHARACTERS = 16_384;

/** A list that is made entry by entry while it is written. */
export class LazyList {
  readonly entries: Iterable<unknown>;

  constructor(entries: Iterable<unknown>) {
    this.entries = entries;
  }
}

/** A list of what `make` makes of each item, when it is written. */
export function listOf<T>(items: readonly T[], make: (item: T, index: number) => unknown): LazyList {
  return new LazyList(
    (function* () {
      for (const [index, item] of items.entries()) yield make(item, index);
    })(),
  );
}

/**
 * JSON that is there as text already; asked for when its turn comes, so that no failure is left without a
 * listener.
 */
export class Raw {
  readonly text: () => Piece;

  constructor(text: () => Piece) {
    this.text = text;
  }
}

/**
 * `JSON.stringify(value)` in pieces: objects member by member, lists by some of their entries. What is inside
 * of an entry is written at once.
 */
export function* jsonPieces(value: unknown): Generator<Piece, void> {
  if (value instanceof Raw) yield value.text();
  else if (value instanceof LazyList) yield* listPieces(value.entries);
  else if (Array.isArray(value)) yield* listPieces(value);
  else if (isPlain(value)) yield* objectPieces(value);
  else yield JSON.stringify(value);
}

function* objectPieces(value: Readonly<Record<string, unknown>>): Generator<Piece, void> {
  let before = '{';
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    yield `${before}${JSON.stringify(name)}:`;
    yield* jsonPieces(member);
    before = ',';
  }
  yield before === '{' ? '{}' : '}';
}

function* listPieces(entries: Iterable<unknown>): Generator<Piece, void> {
  let piece = '[';
  let comma = '';
  for (const entry of entries) {
    piece += comma + JSON.stringify(entry);
    comma = ',';
    if (piece.length < PIECE_CHARACTERS) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}]`;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
