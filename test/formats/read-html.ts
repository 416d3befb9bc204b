/** What a comment in HTML shows. */
export interface Shown {
  readonly paragraphs: readonly string[];
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly items: readonly string[];
}

/** Plain tags; a link leads to the portal that the tests name, and nowhere else. */
const TAG =
  /<(\/?)(p|table|thead|tbody|tr|th|td|ul|li|code|a)(?: href="https:\/\/security\.example\/alerts\/[\w%.-]+")?>/y;
const TEXT = /(?:[^&<>"']|&(?:amp|lt|gt|quot|#39);)+/y;
const CHARACTERS: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/**
 * Reads a comment and refuses anything that is not plain: other tags, attributes, tags that are not closed
 * in order, characters that should have been escaped.
 */
export function readHtml(html: string): Shown {
  const shown = {
    paragraphs: [] as string[],
    columns: [] as string[],
    rows: [] as string[][],
    items: [] as string[],
  };
  const open: string[] = [];
  let text = '';
  for (let at = 0; at < html.length; ) {
    TAG.lastIndex = at;
    TEXT.lastIndex = at;
    const tag = TAG.exec(html);
    const run = tag ? undefined : TEXT.exec(html)?.[0];
    if (tag?.[1] === '') {
      open.push(tag[2] as string);
      if (tag[2] === 'tr' && open.includes('tbody')) shown.rows.push([]);
      if (tag[2] !== 'code' && tag[2] !== 'a') text = '';
    } else if (tag) {
      if (open.pop() !== tag[2]) throw new SyntaxError(`</${tag[2]}> closes something else`);
      if (tag[2] === 'p') shown.paragraphs.push(text);
      if (tag[2] === 'th') shown.columns.push(text);
      if (tag[2] === 'td') shown.rows.at(-1)?.push(text);
      if (tag[2] === 'li') shown.items.push(text);
    } else if (run !== undefined && open.length > 0) {
      text += run.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => CHARACTERS[name] as string);
    } else {
      throw new SyntaxError(`not plain: ${html.slice(at, at + 40)}`);
    }
    at += (tag?.[0] ?? (run as string)).length;
  }
  if (open.length > 0) throw new SyntaxError(`not closed: ${open.join(', ')}`);
  return shown;
}
