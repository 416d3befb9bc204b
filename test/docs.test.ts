import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from '@jest/globals';
import { DOCUMENTS, regenerate } from '../scripts/docs.js';

test.each(DOCUMENTS)('%s is current: npm run docs changes nothing', async (document) => {
  expect(await readFile(document, 'utf8')).toBe(await regenerate(document));
});

test.each([
  ['In the deployed bundle', 'dependencies'],
  ['For development', 'devDependencies'],
])(
  'docs/internals/dependencies.md gives under "%s" a reason for each of the %s, once',
  async (section, kind) => {
    const text = await readFile('docs/internals/dependencies.md', 'utf8');
    const part = text.split(/^## /m).find((one) => one.startsWith(section)) ?? '';
    const cells = [...part.matchAll(/^\| (`.+?) \|/gm)].map(([, cell = '']) => cell);
    const named = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
    const manifest = JSON.parse(await readFile('package.json', 'utf8'));
    expect(named.sort()).toEqual(Object.keys(manifest[kind]).sort());
  },
);

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  ...(await readdir('docs', { recursive: true }))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

test.each(documents)('the links of %s within the repository lead somewhere', async (document) => {
  const text = await readFile(document, 'utf8');
  const targets = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)/g)];
  for (const [link, path = '', anchor = ''] of targets) {
    const file = path === '' ? document : normalize(join(dirname(document), path));
    const contents = await readFile(file, 'utf8').catch(() => undefined);
    expect([link, contents !== undefined]).toEqual([link, true]);
    if (anchor !== '')
      expect([link, anchorsOf(contents ?? '')]).toEqual([link, expect.arrayContaining([anchor])]);
  }
});

/** Headings as GitHub names them in addresses. */
function anchorsOf(markdown: string): string[] {
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
