import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { parseSettings } from '../shared/app/settings.js';
import { FORMATS } from '../shared/formats/index.js';
import { SHAPES } from '../shared/payload/shapes/index.js';
import { startWorld } from './support/world.js';

const readme = await readFile('README.md', 'utf8');
const settings = await readFile('docs/reference/settings.md', 'utf8');

interface Row {
  readonly names: readonly string[];
  readonly meaning: string;
  readonly fallback: string;
}

/** The rows of the table of settings. */
function settingRows(): Row[] {
  const rows = settings.split('\n').filter((line) => /^\| `[A-Z]/.test(line));
  return rows.map((row) => {
    const [, names = '', meaning = '', fallback = ''] = row.split('|');
    return { names: [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name), meaning, fallback };
  });
}

test('the table of settings and the sample list the same', async () => {
  const { Values: sample } = JSON.parse(await readFile('local.settings.sample.json', 'utf8'));
  const listed = settingRows().flatMap(({ names }) => names);
  // What Core Tools wants of every app, and is none of this one's.
  const ofTheHost = ['FUNCTIONS_WORKER_RUNTIME', 'AzureWebJobsStorage'];
  expect(listed.sort()).toEqual(
    Object.keys(sample)
      .filter((name) => !ofTheHost.includes(name))
      .sort(),
  );
});

const number = (text = '') => Number(text.replaceAll(',', '').trim());
const ranges = settingRows().flatMap(({ names, meaning, fallback }) => {
  const [, least, most] = /([\d,]+)–([\d,]+)/.exec(meaning) ?? [];
  const fallbacks = fallback
    .replace(/\(.*\)/, '')
    .split(', ')
    .map(number);
  if (most === undefined) return [];
  return names.map((name, at) => ({ name, least: number(least), most: number(most), value: fallbacks[at] }));
});

test.each(ranges)(
  '$name goes from $least to $most and is $value unless set',
  ({ name, least, most, value }) => {
    const parsed = (text?: number) =>
      parseSettings({ STATE_STORAGE: 'memory', ...(text !== undefined && { [name]: String(text) }) });
    expect(parsed()).toEqual(parsed(value));
    expect([least - 1, least, most, most + 1].map((at) => parsed(at).ok)).toEqual([false, true, true, false]);
  },
);

test("the README's first request is answered as it shows", async () => {
  const [, path = '', body, shown = ''] =
    /127\.0\.0\.1:7071(\S+) \\\n.*?-d '([^']*)'\n```\n\n```json\n(.*?)```/s.exec(readme) ?? [];
  const world = await startWorld();
  const answer = await world.send('POST', path, body, { 'content-type': 'application/json' });
  await world.close();
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual(like(JSON.parse(shown)));
});

/** A sample as a matcher: where it says "…" there may be anything, and a moment is another one each time. */
function like(shown: unknown): unknown {
  if (shown === '…') return expect.anything();
  if (Array.isArray(shown)) {
    const items = shown.filter((item) => item !== '…').map(like);
    return shown.includes('…') ? expect.arrayContaining(items) : items;
  }
  if (typeof shown === 'object' && shown !== null) {
    return Object.fromEntries(Object.entries(shown).map(([key, item]) => [key, like(item)]));
  }
  return /^\d{4}-\d\d-\d\dT/.test(String(shown)) ? expect.any(String) : shown;
}

test('the README names numbers of formats, and settings, that there are', () => {
  expect(readme).toContain(`${SHAPES.length} alert formats`);
  expect(readme).toContain(`${FORMATS.length} output formats`);
  const known = settingRows().flatMap(({ names }) => names);
  const [, section = ''] = /\n## Settings[^\n]*\n(.*?)\n## /s.exec(readme) ?? [];
  const named = [...section.matchAll(/`([A-Z][A-Z_]+)`/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThanOrEqual(5);
  expect(named.filter((name) => !known.includes(name ?? ''))).toEqual([]);
});
