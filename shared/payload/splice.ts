import { CLOSE_BRACE, CLOSE_BRACKET, endOfString, OPEN_BRACE, OPEN_BRACKET, QUOTE } from './json.js';
import type { Path } from './path.js';

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
 * `relatedIps` that is there already is replaced.
 *
 * The text is walked once, and only where it has to be: values on no path are stepped over.
 *
 * @param text valid JSON
 * @param attachments paths that lead to objects; where several name one object, all their IPs go there
 */
export function attachRelatedIps(text: string, attachments: readonly Attachment[]): string {
  if (attachments.length === 0) return text;
  const edits: Edit[] = [];
  new Walk(text, edits).value(0, treeOf(attachments));
  return applyEdits(text, edits);
}

/** Part of the text to be replaced. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
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
    for (const step of path.map(String)) {
      let child = target.children.get(step);
      if (!child) {
        child = { children: new Map(), ips: undefined };
        target.children.set(step, child);
      }
      target = child;
    }
    target.ips ??= new Set();
    for (const ip of ips) target.ips.add(ip);
  }
  return root;
}

/** Steps through valid JSON; every method takes the index where something starts and returns its end. */
class Walk {
  readonly #text: string;
  readonly #edits: Edit[];

  constructor(text: string, edits: Edit[]) {
    this.#text = text;
    this.#edits = edits;
  }

  value(start: number, target: Target): number {
    const at = this.#blanks(start);
    const code = this.#text.charCodeAt(at);
    if (code === OPEN_BRACE) return this.#object(at, target);
    if (code === OPEN_BRACKET) return this.#array(at, target);
    return this.#skip(at);
  }

  #object(open: number, target: Target): number {
    const related: Edit[] = [];
    const ips = target.ips && JSON.stringify([...target.ips]);
    // JSON.parse takes the last of several members of one name, so only the last one's edits count.
    const editsOf = new Map<string, Edit[]>();
    let lastEnd = open + 1;
    let at = this.#blanks(open + 1);
    while (this.#text.charCodeAt(at) !== CLOSE_BRACE) {
      const nameEnd = endOfString(this.#text, at);
      const name = this.#name(at, nameEnd);
      const start = this.#blanks(this.#blanks(nameEnd) + 1);
      const child = target.children.get(name);
      if (ips !== undefined && name === RELATED_IPS) {
        lastEnd = this.#skip(start);
        related.push({ start, end: lastEnd, text: ips });
      } else if (child) {
        const edits: Edit[] = [];
        lastEnd = new Walk(this.#text, edits).value(start, child);
        editsOf.set(name, edits);
      } else {
        lastEnd = this.#skip(start);
      }
      at = this.#next(lastEnd);
    }
    if (ips !== undefined && related.length === 0) {
      const comma = lastEnd > open + 1 ? ',' : '';
      related.push({ start: lastEnd, end: lastEnd, text: `${comma}"${RELATED_IPS}":${ips}` });
    }
    for (const edits of editsOf.values()) this.#edits.push(...edits);
    this.#edits.push(...related);
    return at + 1;
  }

  #array(open: number, target: Target): number {
    let at = this.#blanks(open + 1);
    for (let index = 0; this.#text.charCodeAt(at) !== CLOSE_BRACKET; index++) {
      const child = target.children.get(String(index));
      at = this.#next(child ? this.value(at, child) : this.#skip(at));
    }
    return at + 1;
  }

  /** Behind a value: over blanks and a comma, to the next member or the closing bracket. */
  #next(end: number): number {
    const at = this.#blanks(end);
    return this.#text[at] === ',' ? this.#blanks(at + 1) : at;
  }

  /** Over one value, whatever it is. */
  #skip(start: number): number {
    const code = this.#text.charCodeAt(start);
    if (code === QUOTE) return endOfString(this.#text, start);
    if (code !== OPEN_BRACE && code !== OPEN_BRACKET) return this.#scalarEnd(start);
    let depth = 0;
    for (let at = start; ; at++) {
      const inside = this.#text.charCodeAt(at);
      if (inside === QUOTE) at = endOfString(this.#text, at) - 1;
      else if (inside === OPEN_BRACE || inside === OPEN_BRACKET) depth++;
      else if ((inside === CLOSE_BRACE || inside === CLOSE_BRACKET) && --depth === 0) return at + 1;
    }
  }

  #scalarEnd(start: number): number {
    let at = start;
    while (at < this.#text.length && !',]} \t\r\n'.includes(this.#text[at] as string)) at++;
    return at;
  }

  #blanks(start: number): number {
    let at = start;
    while (this.#text.charCodeAt(at) <= 0x20) at++;
    return at;
  }

  #name(start: number, end: number): string {
    const raw = this.#text.slice(start + 1, end - 1);
    return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
  }
}

function applyEdits(text: string, edits: Edit[]): string {
  const parts: string[] = [];
  let copied = 0;
  for (const edit of edits.sort((a, b) => a.start - b.start)) {
    if (edit.start < copied) continue; // inside a value that is replaced as a whole
    parts.push(text.slice(copied, edit.start), edit.text);
    copied = edit.end;
  }
  parts.push(text.slice(copied));
  return parts.join('');
}
