import { comment, type Markup } from './comment.js';
import type { Format } from './format.js';

/** Entities and not backslashes for `<`, `>` and `&`: chat programs that know little Markdown know those. */
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * Text for GitHub Flavored Markdown (https://github.github.com/gfm/), behind a line's first word or in a
 * table: what has a meaning only at the start of a line (`#`, `-`, `1.`) is left as it is.
 *
 * Addresses of web pages and `@names` are defanged by brackets, as is customary for indicators: renderers
 * look for them after they have taken backslashes away (https://github.com/github/cmark-gfm/issues/278), so
 * that escaping would not keep them from becoming links, or from calling a whole channel.
 */
export function escapeMarkdown(text: string): string {
  return text
    .replaceAll('://', '[:]//')
    .replace(/www\./gi, (www) => `${www.slice(0, -1)}[.]`)
    .replaceAll('@', '[@]')
    .replace(/[\\`*_[\]~|$]/g, '\\$&')
    .replace(/[&<>]/g, (character) => ENTITIES[character] as string);
}

/** As code where nothing in it can end the code or the cell, which ids and addresses never do. */
function code(text: string): string {
  return /^[\w.:-]+$/.test(text) ? `\`${text}\`` : escapeMarkdown(text);
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;

const MARKUP: Markup = {
  text: escapeMarkdown,
  code,
  link: (escaped, url) => `[${escaped}](${url})`,
  paragraph: (escaped) => `${escaped}\n\n`,
  table: (columns, rows) => `${row(columns)}${row(columns.map(() => '---'))}${rows}\n`,
  row,
  list: (items) => items,
  item: (escaped) => `- ${escaped}\n`,
};

/** Markdown with a GitHub Flavored table, for an incident's comment or a chat message. */
export const markdown: Format = {
  name: 'markdown',
  title: 'Markdown comment',
  contentType: 'text/markdown; charset=utf-8',
  where: 'a table, one row for each address',
  pieces: (enriched) => [comment(enriched, MARKUP)],
};
