import { describe, expect, test } from '@jest/globals';
import { cutRows, plainText } from '../../shared/formats/comment.js';
import { escapeHtml } from '../../shared/formats/html.js';
import { escapeMarkdown } from '../../shared/formats/markdown.js';
import { listed } from '../../shared/formats/texts.js';
import fc from '../support/properties.js';
import { ATTACKS, hostileText } from './hostile.js';
import { readHtml } from './read-html.js';
import { readMarkdown } from './read-markdown.js';

describe('plainText', () => {
  test.each([
    ['two\r\nlines\u2028more', 'two lines more'],
    ['\u202eexe\u2066.\u200btxt\u0000\u001b[0m\u0085', 'exe.txt[0m'],
    ['\ud800a\udc00', 'a'],
    ['  smile \u{1f600} ', 'smile \u{1f600}'],
  ])('makes %j one printable line', (text, line) => {
    expect(plainText(text, 100)).toBe(line);
  });

  test('cuts at the length, never through a character, and shows that it did', () => {
    expect(plainText('abcde', 5)).toBe('abcde');
    expect(plainText('abcdef', 5)).toBe('abcd…');
    expect(plainText('abc\u{1f600}ef', 5)).toBe('abc…');
  });
});

describe('escapeHtml', () => {
  test('escapes the five characters that have a meaning', () => {
    expect(escapeHtml(`<a href="x" b='y'>&amp;`)).toBe('&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;');
  });

  test('loses nothing', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(readHtml(`<p>${escapeHtml(text)}</p>`).paragraphs).toEqual([text]);
      }),
    );
  });
});

describe('escapeMarkdown', () => {
  test.each([
    ['a|b `c` *d* _e_ ~f~ $g$', 'a\\|b \\`c\\` \\*d\\* \\_e\\_ \\~f\\~ \\$g\\$'],
    ['![x](y) \\', '!\\[x\\](y) \\\\'],
    ['<b> & <!channel>', '&lt;b&gt; &amp; &lt;!channel&gt;'],
    ['https://x.example', 'https\\[:\\]//x.example'],
    ['Www.x.example', 'Www\\[.\\]x.example'],
    ['@all a@b.example', '\\[@\\]all a\\[@\\]b.example'],
  ])('writes %j as %j', (text, written) => {
    expect(escapeMarkdown(text)).toBe(written);
  });

  test('leaves no address, no name to call and nothing active; loses nothing else', () => {
    fc.assert(
      fc.property(hostileText, (hostile) => {
        const text = plainText(hostile, 1_000);
        const [shown = ''] = readMarkdown(`x${escapeMarkdown(text)}\n`).paragraphs;
        expect(shown).not.toMatch(/:\/\/|www\.|[^[]@|@[^\]]/i);
        expect(shown.replaceAll('[:]//', '://').replace(/\[([.@])\]/g, '$1')).toBe(
          `x${text}`.replaceAll('[:]//', '://').replace(/\[([.@])\]/g, '$1'),
        );
      }),
      { examples: ATTACKS.map((attack) => [attack]) },
    );
  });
});

describe('listed', () => {
  test.each([
    [['a'], 'a'],
    [['a', 'b', 'c'], 'a, b, c'],
    [['a', 'b', 'c', 'd', 'e'], 'a, b, c and 2 more'],
  ])('lists %j', (items, text) => {
    expect(listed(items)).toBe(text);
  });
});

describe('cutRows', () => {
  const more = (count: number) => `+${count}`;

  test('takes all rows that fit, without a note', () => {
    expect(cutRows([], 0, 0, more)).toBe('');
    expect(cutRows(['aa', 'bb'], 2, 4, more)).toBe('aabb');
  });

  test('takes the rows before the first that does not fit, with room for the note', () => {
    expect(cutRows(['aa', 'bb', 'cc', 'd'], 4, 6, more)).toBe('aabb+2');
    expect(cutRows(['aa', 'bb', 'cc', 'd'], 4, 5, more)).toBe('aa+3');
    expect(cutRows(['aaaa', 'b'], 2, 4, more)).toBe('+2');
  });

  test('never exceeds the budget, and takes one row more only if that did', () => {
    const rows = fc.array(fc.string({ minLength: 1, maxLength: 12 }).map((row) => row.replaceAll('+', '-')));
    fc.assert(
      fc.property(rows, fc.integer({ min: 4, max: 200 }), (all, budget) => {
        const text = cutRows(all, all.length, budget, more);
        expect(text.length).toBeLessThanOrEqual(budget);
        const left = Number(text.split('+')[1] ?? 0);
        const taken = all.length - left;
        expect(text).toBe(all.slice(0, taken).join('') + (left > 0 ? `+${left}` : ''));
        if (left > 0) {
          const next = all.slice(0, taken + 1).join('') + (left > 1 ? `+${left - 1}` : '');
          expect(next.length + (left > 1 ? 0 : more(0).length)).toBeGreaterThan(budget);
        }
      }),
    );
  });
});
