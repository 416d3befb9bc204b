import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';

test("the README's table and the sample list the same settings", async () => {
  const readme = await readFile('README.md', 'utf8');
  const { Values: sample } = JSON.parse(await readFile('local.settings.sample.json', 'utf8'));
  const section = /\n## Settings\n(.*?)\n## /s.exec(readme)?.[1] ?? '';
  const rows = section.split('\n').filter((line) => /^\| `[A-Z]/.test(line));
  const listed = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
  // What Core Tools wants of every app, and is none of this one's.
  const ofTheHost = ['FUNCTIONS_WORKER_RUNTIME', 'AzureWebJobsStorage'];
  expect(listed.sort()).toEqual(
    Object.keys(sample)
      .filter((name) => !ofTheHost.includes(name))
      .sort(),
  );
});
