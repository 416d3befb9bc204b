import type { Shown } from './read-html.js';

const TOKEN =
  /\\(?<escaped>[\\`*_[\]~|$])|&(?<entity>amp|lt|gt);|`(?<code>[\w.:-]+)`|(?<pipe>\|)|(?<plain>[^\\`*_[\]~|$&<>]+)/gy;
const CHARACTERS: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>' };

/** Links to the portal that the tests name, which are read as what they show. */
const LINK = /\[(`[\w.:-]+`)\]\(https:\/\/security\.example\/alerts\/[\w%.-]+\)/g;

/** Splits a line at its active pipes and takes escapes away; refuses any other active character. */
function readLine(written: string): string[] {
  const line = written.replace(LINK, '$1');
  const cells = [''];
  let length = 0;
  for (const { 0: token, groups } of line.matchAll(TOKEN)) {
    length += token.length;
    if (groups?.pipe) cells.push('');
    else {
      const { escaped, entity, code, plain } = groups ?? {};
      cells.push(`${cells.pop()}${escaped ?? (entity ? CHARACTERS[entity] : (code ?? plain))}`);
    }
  }
  if (length !== line.length) throw new SyntaxError(`active: ${line.slice(length, length + 40)}`);
  return cells;
}

function readRow(line: string): string[] {
  const cells = readLine(line);
  if (cells.shift() !== '' || cells.pop() !== '') throw new SyntaxError(`no row: ${line}`);
  return cells.map((cell) => cell.trim());
}

/** Reads a comment in Markdown: paragraphs, a table, a list; nothing else may be active in it. */
export function readMarkdown(markdown: string): Shown {
  if (/[\r\p{Zl}\p{Zp}]|\n\n\n/u.test(markdown) || !markdown.endsWith('\n')) throw new SyntaxError('lines');
  const lines = markdown.slice(0, -1).split('\n');
  const table = lines.filter((line) => line.startsWith('|')).map(readRow);
  const items = lines
    .filter((line) => line.startsWith('- '))
    .map((line) => readLine(line.slice(2)).join('|'));
  const paragraphs = lines.filter((line) => line !== '' && !/^(\||- )/.test(line));
  const [columns = [], rule = [], ...rows] = table;
  if (rule.some((cell) => cell !== '---')) throw new SyntaxError('no rule');
  if (table.some((row) => row.length !== columns.length)) throw new SyntaxError('a row of other length');
  return { paragraphs: paragraphs.map((line) => readLine(line).join('|')), columns, rows, items };
}
