import { atOnce, type Steps } from '../base/steps.js';
import type { Path } from './path.js';
import {
  BYTE_ORDER_MARK,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  endNearby,
  endOfBlanks,
  endOfString,
  endOfValue,
  nameIn,
  nextInList,
  OPEN_BRACE,
  OPEN_BRACKET,
  PIECE,
  QUOTE,
  valueAfter,
} from './scan.js';

/** IPs to be written into the object at `path`. */
export interface Attachment {
  readonly path: Path;
  readonly ips: readonly string[];
}

/** The member that is written into alert objects. */
export const RELATED_IPS = 'relatedIps';

/**
 * The posted text with `relatedIps` in each of the named objects and nothing else changed by a
 * character: numbers beyond 2^53, key order, unknown members and `__proto__` stay as they came. A
 * `relatedIps` that is there already is replaced. Where a path goes through JSON strings, the IPs go
 * into the JSON in the string, which otherwise stays as it is written.
 *
 * The text is walked once, and only where it has to be: values on no path are stepped over.
 *
 * @param text valid JSON
 * @param attachments paths that lead to objects; where several name one object, all their IPs go there
 * @param most how many characters the result may have
 * @param order puts each list in order before it is written
 * @returns undefined where it would have more: what is written grows with the places *and* with the lists
 */
export function* attachingRelatedIps(
  text: string,
  attachments: readonly Attachment[],
  most = Number.POSITIVE_INFINITY,
  order: Order = (ips) => ips,
): Steps<string | undefined> {
  const room = new Room(most - text.length, order);
  if (room.isOver) return undefined;
  if (attachments.length === 0) return text;
  const edits = yield* new Walk(text, room).edits(yield* treeOf(attachments));
  return room.isOver ? undefined : withEdits(text, edits);
}

/** The same without a pause and without a limit. */
export function attachRelatedIps(text: string, attachments: readonly Attachment[]): string {
  return atOnce(attachingRelatedIps(text, attachments)) as string;
}

/** The paths as a tree, so that one walk serves all of them. */
interface Target {
  /** By member name, or by index for the elements of an array. */
  children: Map<string | number, Target> | undefined;
  lists: Set<readonly string[]> | undefined;
}

function* treeOf(attachments: readonly Attachment[]): Steps<Target> {
  const root: Target = { children: undefined, lists: undefined };
  let work = 0;
  for (const { path, ips } of attachments) {
    if (++work % 500 === 0) yield;
    let target = root;
    for (const step of path) {
      target.children ??= new Map();
      let child = target.children.get(step);
      if (!child) {
        child = { children: undefined, lists: undefined };
        target.children.set(step, child);
      }
      target = child;
    }
    target.lists ??= new Set();
    target.lists.add(ips);
  }
  return root;
}

/** Puts addresses in order. */
type Order = (ips: readonly string[]) => readonly string[];

/**
 * How many characters may still be added, and each list as it is written: once, however often it is added.
 */
class Room {
  readonly #written = new Map<readonly string[], string>();
  readonly #order: Order;
  #left: number;

  constructor(characters: number, order: Order) {
    this.#left = characters;
    this.#order = order;
  }

  get isOver(): boolean {
    return this.#left < 0;
  }

  take(characters: number): void {
    this.#left -= characters;
  }

  /** Lists as JSON, together as one. */
  written(lists: ReadonlySet<readonly string[]>): string {
    const [only] = lists;
    if (lists.size > 1 || !only) return JSON.stringify(this.#order([...new Set([...lists].flat())]));
    let written = this.#written.get(only);
    if (written === undefined) {
      written = JSON.stringify(this.#order([...new Set(only)]));
      this.#written.set(only, written);
    }
    return written;
  }
}

/** Part of a text to be replaced; an insertion where `start` is `end`. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A string on a path, whose content is walked once it is known to count; see `Walk.#object`. */
interface StringOnPath {
  readonly start: number;
  readonly end: number;
  readonly target: Target;
}

/** What is to be changed, in no order. */
type Changes = (Edit | StringOnPath)[];

/**
 * Steps through valid JSON. Methods take the index where something starts and return its end, and add
 * what is to be changed in there to `changes`. Once there is no room left they need not be right.
 */
class Walk {
  readonly #text: string;
  readonly #room: Room;
  /** Where the next pause is due. */
  #pause = PIECE;

  constructor(text: string, room: Room) {
    this.#text = text;
    this.#room = room;
  }

  *edits(target: Target): Steps<Edit[]> {
    const changes: Changes = [];
    yield* this.#value(this.#text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0, target, changes);
    const edits: Edit[] = [];
    for (const change of changes) {
      if ('text' in change) edits.push(change);
      else if (!this.#room.isOver) for (const edit of yield* this.#editsIn(change)) edits.push(edit);
    }
    return edits;
  }

  *#value(start: number, target: Target, changes: Changes): Steps<number> {
    const at = endOfBlanks(this.#text, start);
    const code = this.#text.charCodeAt(at);
    if (code === OPEN_BRACE) return yield* this.#object(at, target, changes);
    if (code === OPEN_BRACKET) return yield* this.#array(at, target, changes);
    const end = yield* endOfValue(this.#text, at);
    if (code === QUOTE) changes.push({ start: at, end, target });
    return end;
  }

  *#object(open: number, target: Target, changes: Changes): Steps<number> {
    const text = this.#text;
    const ips = target.lists && this.#room.written(target.lists);
    let hasRelated = false;
    // JSON.parse takes the last of several members of one name, so only the last one's changes count.
    const changesOf = new Map<string, Changes>();
    let lastEnd = open + 1;
    let at = endOfBlanks(text, open + 1);
    while (text.charCodeAt(at) !== CLOSE_BRACE) {
      if (this.#isPauseDue(at)) yield;
      const nameEnd = endOfString(text, at);
      const start = valueAfter(text, nameEnd);
      const name = target.children || couldBeRelatedIps(text, at, nameEnd) ? nameIn(text, at, nameEnd) : '';
      const child = target.children?.get(name);
      if (ips !== undefined && name === RELATED_IPS) {
        lastEnd = yield* endOfValue(text, start);
        changes.push(this.#edit(start, lastEnd, ips));
        hasRelated = true;
      } else if (child) {
        const childChanges: Changes = [];
        lastEnd = yield* this.#value(start, child, childChanges);
        changesOf.set(name, childChanges);
      } else {
        const near = endNearby(text, start);
        lastEnd = near < 0 ? yield* endOfValue(text, start) : near;
      }
      at = nextInList(text, lastEnd);
    }
    if (ips !== undefined && !hasRelated) {
      const comma = lastEnd > open + 1 ? ',' : '';
      changes.push(this.#edit(lastEnd, lastEnd, `${comma}"${RELATED_IPS}":${ips}`));
    }
    for (const childChanges of changesOf.values()) for (const change of childChanges) changes.push(change);
    return at + 1;
  }

  *#array(open: number, target: Target, changes: Changes): Steps<number> {
    let at = endOfBlanks(this.#text, open + 1);
    for (let index = 0; this.#text.charCodeAt(at) !== CLOSE_BRACKET; index++) {
      if (this.#isPauseDue(at)) yield;
      const child = target.children?.get(index);
      const end = yield* child ? this.#value(at, child, changes) : endOfValue(this.#text, at);
      at = nextInList(this.#text, end);
    }
    return at + 1;
  }

  #edit(start: number, end: number, text: string): Edit {
    this.#room.take(text.length);
    return { start, end, text: this.#room.isOver ? '' : text };
  }

  #isPauseDue(at: number): boolean {
    if (at < this.#pause) return false;
    this.#pause = at + PIECE;
    return true;
  }

  /** The edits in the JSON that a string holds, as edits of this text. */
  *#editsIn({ start, end, target }: StringOnPath): Steps<Edit[]> {
    const raw = this.#text.slice(start + 1, end - 1);
    yield;
    const content = JSON.parse(`"${raw}"`) as string;
    const edits = yield* new Walk(content, this.#room).edits(target);
    return yield* editsOfString(raw, start + 1, edits, this.#room);
  }
}

/** Whether a name as it is written can be `relatedIps`, so that most names need not be read. */
function couldBeRelatedIps(text: string, start: number, end: number): boolean {
  const first = text[start + 1];
  return end - start - 2 >= RELATED_IPS.length && (first === 'r' || first === '\\');
}

/** The edits in the text's order, without those inside what another one replaces as a whole. */
function inOrder(edits: readonly Edit[]): Edit[] {
  let done = 0;
  return [...edits]
    .sort((a, b) => a.start - b.start)
    .filter(({ start, end }) => {
      if (start < done) return false;
      done = end;
      return true;
    });
}

/** The text with the edits in it. */
function withEdits(text: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let copied = 0;
  for (const edit of inOrder(edits)) {
    parts.push(text.slice(copied, edit.start), edit.text);
    copied = edit.end;
  }
  parts.push(text.slice(copied));
  return parts.join('');
}

/**
 * Edits of a JSON string's content as edits of the text that holds the string, so that the rest of the
 * string keeps its own escapes.
 *
 * @param raw the string as it is written, without its quotes
 * @param offset where `raw` begins in the text
 */
function* editsOfString(raw: string, offset: number, edits: readonly Edit[], room: Room): Steps<Edit[]> {
  let contentAt = 0;
  let rawAt = 0;
  let work = 0;
  function* toRaw(index: number): Steps<number> {
    while (contentAt < index) {
      if (++work % 10_000 === 0) yield;
      const escapeAt = raw.indexOf('\\', rawAt);
      const plain = Math.min(escapeAt < 0 ? index : contentAt + escapeAt - rawAt, index) - contentAt;
      contentAt += plain;
      rawAt += plain;
      if (contentAt < index) {
        contentAt++;
        rawAt += raw[rawAt + 1] === 'u' ? 6 : 2; // `\u000a` or `\n`
      }
    }
    return offset + rawAt;
  }
  const inRaw: Edit[] = [];
  for (const { start, end, text } of inOrder(edits)) {
    const escaped = JSON.stringify(text).slice(1, -1);
    room.take(escaped.length - text.length);
    if (room.isOver) return [];
    inRaw.push({ start: yield* toRaw(start), end: yield* toRaw(end), text: escaped });
  }
  return inRaw;
}
