import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from '@jest/globals';
import { ENDPOINTS } from '../functions/register.js';
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
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ...(await readdir('docs', { recursive: true }))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const guides = ['conformance/README.md', 'local/README.md', 'test/support/README.md'];

test.each([...documents, ...guides, 'playbooks/Enrich-DefenderAlertIps/readme.md'])(
  'the links of %s within the repository lead somewhere',
  async (document) => {
    const text = await readFile(document, 'utf8');
    const targets = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)/g)];
    for (const [link, path = '', anchor = ''] of targets) {
      const file = path === '' ? document : normalize(join(dirname(document), path));
      const isFolder = (await stat(file).catch(() => undefined))?.isDirectory();
      const contents = isFolder ? '' : await readFile(file, 'utf8').catch(() => undefined);
      expect([link, contents !== undefined]).toEqual([link, true]);
      if (anchor !== '')
        expect([link, anchorsOf(contents ?? '')]).toEqual([link, expect.arrayContaining([anchor])]);
    }
  },
);

test('paths in documents and comments that name a file of docs/ name one that is there', async () => {
  const sources = (
    await Promise.all(['shared', 'functions', 'scripts', 'local', 'test'].map(filesIn))
  ).flat();
  const wrong: string[] = [];
  for (const path of [...documents, ...sources.filter((name) => /\.(m?ts|mjs|ps1|sh)$/.test(name))]) {
    for (const [name] of (await readFile(path, 'utf8')).matchAll(/(?<![\w/.-])docs\/[\w/-]+\.md/g)) {
      if (!(await stat(name).catch(() => undefined))) wrong.push(`${path}: ${name}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('files and folders of the repository that documents name in code are there', async () => {
  const wrong: string[] = [];
  for (const path of documents) {
    const text = await readFile(path, 'utf8');
    const named = text.matchAll(
      /`((?:shared|functions|scripts|local|test|infra|deploy|monitoring|conformance|bench)\/[\w/.-]+)`/g,
    );
    for (const [, name = ''] of named) {
      if (/[A-Z]{4}/.test(name)) continue; // a placeholder
      const found = [name, `${name}.test.ts`].map((one) => stat(one).catch(() => undefined));
      if (!(await Promise.all(found)).some(Boolean)) wrong.push(`${path}: ${name}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('settings that documents name are in the table of settings', async () => {
  const table = await readFile('docs/reference/settings.md', 'utf8');
  const used = /`((?:DEFENDER|QUOTA|DELEGATED|FORWARD|GRAPH|STATE|JOB|MAX|PUBLIC|EVENT|LOCAL)_[A-Z_]+)`/g;
  const wrong: string[] = [];
  for (const path of documents) {
    for (const [, name = ''] of (await readFile(path, 'utf8')).matchAll(used)) {
      if (!table.includes(`\`${name}\``)) wrong.push(`${path}: ${name}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('README and docs have at most 15,000 words, records of decisions apart', async () => {
  const read = documents.filter((path) => path === 'README.md' || /^docs\/(?!decisions)/.test(path));
  const texts = await Promise.all(read.map((path) => readFile(path, 'utf8')));
  // A word has a letter or a digit; the lines of a table have none.
  const words = texts.join('\n').match(/\S*[\p{L}\p{N}]\S*/gu) ?? [];
  expect(words.length).toBeLessThanOrEqual(15_000);
});

test('the HTTP reference names every route', async () => {
  const api = await readFile('docs/reference/http-api.md', 'utf8');
  for (const [, , route] of ENDPOINTS) {
    const shown = `/api/${route}`.replace('{file}', '');
    expect([shown, api.includes(shown.replace(/\/$/, ''))]).toEqual([shown, true]);
  }
});

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
}

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
