import { applyEdits, type Edit, editsOfString } from './edits.js';
import type { Path } from './path.js';
import {
  BYTE_ORDER_MARK,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  endOfBlanks,
  endOfString,
  endOfValue,
  nameIn,
  nextInList,
  OPEN_BRACE,
  OPEN_BRACKET,
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
 */
export function attachRelatedIps(
  text: string,
  attachments: readonly Attachment[],
  writing: Writing = {},
): string {
  if (attachments.length === 0) return text;
  return applyEdits(text, new Walk(text, new Lists(writing)).edits(treeOf(attachments)));
}

/** How lists are written. */
export interface Writing {
  /** Puts a list in order. */
  readonly order?: (ips: readonly string[]) => readonly string[];
  /** Is told of all characters that are added, before they are; what it throws ends the writing. */
  readonly spend?: (characters: number) => void;
}

/** Lists as they are written: an alert that is named in thousands of places has the same one in each. */
class Lists {
  readonly spend: (characters: number) => void;
  readonly #order: (ips: readonly string[]) => readonly string[];
  readonly #written = new Map<readonly string[], string>();

  constructor({ order = (ips) => ips, spend = () => {} }: Writing) {
    this.spend = spend;
    this.#order = order;
  }

  /** @param lists all that belong to one place */
  write(lists: ReadonlySet<readonly string[]>): string {
    const [first = []] = lists;
    const ips = lists.size > 1 ? [...new Set([...lists].flat())] : first;
    const text = this.#written.get(ips) ?? JSON.stringify(this.#order(ips));
    this.#written.set(ips, text);
    this.spend(text.length);
    return text;
  }
}

/** The paths as a tree, so that one walk serves all of them. */
interface Target {
  /** By member name, or by index for the elements of an array. */
  children: Map<string | number, Target> | undefined;
  /** What is written into the object. */
  lists: Set<readonly string[]> | undefined;
}

function treeOf(attachments: readonly Attachment[]): Target {
  const root: Target = { children: undefined, lists: undefined };
  for (const { path, ips } of attachments) {
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
 * what is to be changed in there to `changes`.
 */
class Walk {
  readonly #text: string;
  readonly #lists: Lists;

  constructor(text: string, lists: Lists) {
    this.#text = text;
    this.#lists = lists;
  }

  edits(target: Target): Edit[] {
    const changes: Changes = [];
    this.#value(this.#text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0, target, changes);
    const edits: Edit[] = [];
    for (const change of changes) {
      if ('text' in change) edits.push(change);
      else for (const edit of this.#editsIn(change)) edits.push(edit);
    }
    return edits;
  }

  #value(start: number, target: Target, changes: Changes): number {
    const at = endOfBlanks(this.#text, start);
    const code = this.#text.charCodeAt(at);
    if (code === OPEN_BRACE) return this.#object(at, target, changes);
    if (code === OPEN_BRACKET) return this.#array(at, target, changes);
    const end = endOfValue(this.#text, at);
    if (code === QUOTE) changes.push({ start: at, end, target });
    return end;
  }

  #object(open: number, target: Target, changes: Changes): number {
    const text = this.#text;
    const ips = target.lists && this.#lists.write(target.lists);
    let hasRelated = false;
    // JSON.parse takes the last of several members of one name, so only the last one's changes count.
    const changesOf = new Map<string, Changes>();
    let lastEnd = open + 1;
    let at = endOfBlanks(text, open + 1);
    while (text.charCodeAt(at) !== CLOSE_BRACE) {
      const nameEnd = endOfString(text, at);
      const start = valueAfter(text, nameEnd);
      const name = target.children || couldBeRelatedIps(text, at, nameEnd) ? nameIn(text, at, nameEnd) : '';
      const child = target.children?.get(name);
      if (ips !== undefined && name === RELATED_IPS) {
        lastEnd = endOfValue(text, start);
        changes.push({ start, end: lastEnd, text: ips });
        hasRelated = true;
      } else if (child) {
        const childChanges: Changes = [];
        lastEnd = this.#value(start, child, childChanges);
        changesOf.set(name, childChanges);
      } else {
        lastEnd = endOfValue(text, start);
      }
      at = nextInList(text, lastEnd);
    }
    if (ips !== undefined && !hasRelated) {
      const comma = lastEnd > open + 1 ? ',' : '';
      changes.push({ start: lastEnd, end: lastEnd, text: `${comma}"${RELATED_IPS}":${ips}` });
    }
    for (const childChanges of changesOf.values()) for (const change of childChanges) changes.push(change);
    return at + 1;
  }

  #array(open: number, target: Target, changes: Changes): number {
    let at = endOfBlanks(this.#text, open + 1);
    for (let index = 0; this.#text.charCodeAt(at) !== CLOSE_BRACKET; index++) {
      const child = target.children?.get(index);
      const end = child ? this.#value(at, child, changes) : endOfValue(this.#text, at);
      at = nextInList(this.#text, end);
    }
    return at + 1;
  }

  /** The edits in the JSON that a string holds, as edits of this text. */
  #editsIn({ start, end, target }: StringOnPath): Edit[] {
    const raw = this.#text.slice(start + 1, end - 1);
    const content = JSON.parse(`"${raw}"`) as string;
    const inner = new Walk(content, this.#lists).edits(target);
    const edits = editsOfString(raw, start + 1, inner);
    this.#lists.spend(lengthOf(edits) - lengthOf(inner)); // each layer of strings escapes the quotes once more
    return edits;
  }
}

function lengthOf(edits: readonly Edit[]): number {
  return edits.reduce((sum, { text }) => sum + text.length, 0);
}

/** Whether a name as it is written can be `relatedIps`, so that most names need not be read. */
function couldBeRelatedIps(text: string, start: number, end: number): boolean {
  const first = text[start + 1];
  return end - start - 2 >= RELATED_IPS.length && (first === 'r' || first === '\\');
}
