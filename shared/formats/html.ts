import { comment, type Markup } from './comment.js';
import type { Format } from './format.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for an HTML element or a quoted attribute: https://html.spec.whatwg.org/multipage/syntax.html */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}

const MARKUP: Markup = {
  text: escapeHtml,
  code: (plain) => `<code>${escapeHtml(plain)}</code>`,
  link: (escaped, url) => `<a href="${escapeHtml(url)}">${escaped}</a>`,
  paragraph: (escaped) => `<p>${escaped}</p>`,
  table: (columns, rows) =>
    `<table><thead><tr>${columns.map((column) => `<th>${column}</th>`).join('')}</tr></thead>` +
    `<tbody>${rows}</tbody></table>`,
  row: (cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`,
  list: (items) => `<ul>${items}</ul>`,
  item: (escaped) => `<li>${escaped}</li>`,
};

/**
 * HTML for an incident's comment or a chat message: a fragment of plain elements, without style, script or
 * anything that is loaded. Its links lead to the portal.
 */
export const html: Format = {
  name: 'html',
  title: 'HTML comment',
  contentType: 'text/html; charset=utf-8',
  where: 'a table, one row for each address',
  pieces: (enriched) => [comment(enriched, MARKUP)],
};
