/** Part of a text to be replaced; an insertion where `start` is `end`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
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
export function applyEdits(text: string, edits: readonly Edit[]): string {
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
export function editsOfString(raw: string, offset: number, edits: readonly Edit[]): Edit[] {
  let contentAt = 0;
  let rawAt = 0;
  const toRaw = (index: number): number => {
    while (contentAt < index) {
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
  };
  return inOrder(edits).map(({ start, end, text }) => ({
    start: toRaw(start),
    end: toRaw(end),
    text: JSON.stringify(text).slice(1, -1),
  }));
}
