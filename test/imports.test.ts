import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from '@jest/globals';

/**
 * The rooms, from the endpoints down: each may import, types included, only what stands after it in this list.
 * docs/internals/architecture.md draws the same.
 */
const ROOMS = [
  'functions',
  'http',
  'doctor',
  'app',
  'delegation',
  'telemetry',
  'jobs',
  'answers',
  'contract',
  'delivery',
  'formats',
  'enrichment',
  'payload',
  'graph',
  'defender',
  'upstream',
  'lookup',
  'quota',
  'queue-work',
  'storage',
  'identity',
  'base',
];

/** A room of shared/, or `functions`. */
function roomOf(path: string): string {
  const [top = '', room = ''] = path.split('/');
  return top === 'shared' ? room : top;
}

async function sourcesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}

/** What a file imports, types included: paths of our own files, and names of packages. */
async function importsOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8');
  return [...text.matchAll(/^(?:import|export) [^;]*?from '([^']+)';/gm)].map(([, from = '']) =>
    from.startsWith('.') ? normalize(join(dirname(path), from)) : from,
  );
}

test('every file of shared/ is in a named room, and imports run one way', async () => {
  const wrong: string[] = [];
  for (const path of [...(await sourcesIn('functions')), ...(await sourcesIn('shared'))]) {
    const room = roomOf(path);
    if (!ROOMS.includes(room)) wrong.push(`${path} is in no room`);
    for (const imported of await importsOf(path)) {
      if (!/^(functions|shared|local|test|scripts|bench)\//.test(imported)) continue;
      const other = roomOf(imported);
      if (other !== room && ROOMS.indexOf(other) <= ROOMS.indexOf(room)) wrong.push(`${path} → ${imported}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('the diagram in docs/internals/architecture.md has every room, and no arrow that goes up', async () => {
  const page = await readFile('docs/internals/architecture.md', 'utf8');
  const [, diagram = ''] = /```mermaid\nflowchart TD\n(.*?)```/s.exec(page) ?? [];
  const arrows = [...diagram.replaceAll(/\["[^"]*"\]/g, '').matchAll(/(\w+) --> (\w+)/g)].map(
    ([, from = '', to = '']) => [from, to].map((name) => name.replace('queuework', 'queue-work')),
  );
  expect([...new Set(arrows.flat())].sort()).toEqual([...ROOMS].sort());
  const up = arrows.filter(([from = '', to = '']) => ROOMS.indexOf(to) <= ROOMS.indexOf(from));
  expect(up).toEqual([]);
});

test('payload and formats do no I/O: of Node they know its digests', async () => {
  for (const path of [...(await sourcesIn('shared/payload')), ...(await sourcesIn('shared/formats'))]) {
    const nodes = (await importsOf(path)).filter((from) => from.startsWith('node:'));
    expect({ path, nodes: nodes.filter((name) => name !== 'node:crypto') }).toEqual({ path, nodes: [] });
  }
});
