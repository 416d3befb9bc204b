import { applyEdits, type Edit, editsOfString } from './edits.js';
import { parseNested } from './json.js';
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
export function attachRelatedIps(text: string, attachments: readonly Attachment[]): string {
  if (attachments.length === 0) return text;
  return applyEdits(text, new Walk(text).edits(treeOf(attachments)));
}

/** The paths as a tree, so that one walk serves all of them. */
interface Target {
  readonly children: Map<string, Target>;
  ips: Set<string> | undefined;
}

function treeOf(attachments: readonly Attachment[]): Target {
  const root: Target = { children: new Map(), ips: undefined };
  for (const { path, ips } of attachments) {
    let target = root;
    for (const step of path) {
      const name = String(step);
      let child = target.children.get(name);
      if (!child) {
        child = { children: new Map(), ips: undefined };
        target.children.set(name, child);
      }
      target = child;
    }
    target.ips ??= new Set();
    for (const ip of ips) target.ips.add(ip);
  }
  return root;
}

/**
 * Steps through valid JSON. Methods take the index where something starts and return its end; those
 * with a target add what is to be changed in there to `edits`.
 */
class Walk {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  edits(target: Target): Edit[] {
    const edits: Edit[] = [];
    this.#value(this.#text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0, target, edits);
    return edits;
  }

  #value(start: number, target: Target, edits: Edit[]): number {
    const at = endOfBlanks(this.#text, start);
    const code = this.#text.charCodeAt(at);
    if (code === OPEN_BRACE) return this.#object(at, target, edits);
    if (code === OPEN_BRACKET) return this.#array(at, target, edits);
    if (code === QUOTE) return this.#string(at, target, edits);
    return endOfValue(this.#text, at);
  }

  #object(open: number, target: Target, edits: Edit[]): number {
    const ips = target.ips && JSON.stringify([...target.ips]);
    let hasRelated = false;
    // JSON.parse takes the last of several members of one name, so only the last one's edits count.
    const editsOf = new Map<string, Edit[]>();
    let lastEnd = open + 1;
    let at = endOfBlanks(this.#text, open + 1);
    while (this.#text.charCodeAt(at) !== CLOSE_BRACE) {
      const nameEnd = endOfString(this.#text, at);
      const name = nameIn(this.#text, at, nameEnd);
      const start = endOfBlanks(this.#text, endOfBlanks(this.#text, nameEnd) + 1);
      const child = target.children.get(name);
      if (ips !== undefined && name === RELATED_IPS) {
        lastEnd = endOfValue(this.#text, start);
        edits.push({ start, end: lastEnd, text: ips });
        hasRelated = true;
      } else if (child) {
        const childEdits: Edit[] = [];
        lastEnd = this.#value(start, child, childEdits);
        editsOf.set(name, childEdits);
      } else {
        lastEnd = endOfValue(this.#text, start);
      }
      at = nextInList(this.#text, lastEnd);
    }
    if (ips !== undefined && !hasRelated) {
      const comma = lastEnd > open + 1 ? ',' : '';
      edits.push({ start: lastEnd, end: lastEnd, text: `${comma}"${RELATED_IPS}":${ips}` });
    }
    for (const childEdits of editsOf.values()) for (const edit of childEdits) edits.push(edit);
    return at + 1;
  }

  #array(open: number, target: Target, edits: Edit[]): number {
    let at = endOfBlanks(this.#text, open + 1);
    for (let index = 0; this.#text.charCodeAt(at) !== CLOSE_BRACKET; index++) {
      const child = target.children.get(String(index));
      at = nextInList(this.#text, child ? this.#value(at, child, edits) : endOfValue(this.#text, at));
    }
    return at + 1;
  }

  /** A string that a path goes through, unless a later member of the same name makes it void. */
  #string(open: number, target: Target, edits: Edit[]): number {
    const end = endOfString(this.#text, open);
    const raw = this.#text.slice(open + 1, end - 1);
    const content = JSON.parse(`"${raw}"`) as string;
    if (parseNested(content) !== undefined) {
      const contentEdits = new Walk(content).edits(target);
      for (const edit of editsOfString(raw, open + 1, contentEdits)) edits.push(edit);
    }
    return end;
  }
}
