import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from '@jest/globals';

/**
 * From the doors down: each may import what stands below it and nothing else. Types may come from anywhere,
 * since they are gone when the app runs. docs/architecture.md tells the same in words.
 */
const FLOORS = [
  ['functions'],
  ['doctor', 'app', 'warm-up'],
  ['create-jobs', 'create-forwarding', 'delegation', 'state'],
  ['config'],
  ['users', 'http', 'telemetry'],
  ['contract'],
  ['jobs'],
  ['delivery'],
  ['enrich'],
  ['enrichment', 'ip-statistics', 'formats'],
  ['payload', 'defender', 'lookup'],
  ['quota'],
  ['storage'],
  ['identity'],
  ['source', 'setting-reader', 'deadline', 'fault', 'occurrence'],
  ['alert-id', 'clock', 'errors', 'ip-address', 'network-failure', 'report', 'retry-after'],
  ['setting-problem', 'trace', 'version', 'web-address', 'world'],
];

/** A room of shared/, a file beside the rooms, or `functions`. */
function unitOf(path: string): string {
  const [top = '', name = ''] = path.split('/');
  return top === 'shared' ? name.replace(/\.ts$/, '') : top;
}

const floorOf = (unit: string) => FLOORS.findIndex((units) => units.includes(unit));

async function sourcesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}

/** What a file imports when it runs: paths of our own files, and names of packages. */
async function importsOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8');
  return [...text.matchAll(/^(?:import|export) (?!type )([^;]*?)from '([^']+)';/gm)]
    .filter(([, what = '']) => !/^\{(\s*type [\w$]+,?)+\s*\}\s*$/.test(what))
    .map(([, , from = '']) => (from.startsWith('.') ? normalize(join(dirname(path), from)) : from));
}

test('imports run one way, from the doors down', async () => {
  const wrong: string[] = [];
  for (const path of [...(await sourcesIn('functions')), ...(await sourcesIn('shared'))]) {
    const unit = unitOf(path);
    if (floorOf(unit) < 0) wrong.push(`${path} stands on no floor`);
    for (const imported of await importsOf(path)) {
      if (!imported.includes('/') || !/^(functions|shared|local|test|scripts|bench)\//.test(imported))
        continue;
      const other = unitOf(imported.replace(/\.js$/, '.ts'));
      if (other !== unit && floorOf(other) <= floorOf(unit)) wrong.push(`${path} → ${imported}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('payload and formats do no I/O: of Node they know its digests', async () => {
  for (const path of [...(await sourcesIn('shared/payload')), ...(await sourcesIn('shared/formats'))]) {
    const nodes = (await importsOf(path)).filter((from) => from.startsWith('node:'));
    expect({ path, nodes: nodes.filter((name) => name !== 'node:crypto') }).toEqual({ path, nodes: [] });
  }
});
