import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { redactor } from '../../local/redact.js';
import { forgetSettings, mergeSettings, readLocalSettings } from '../../local/settings.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'settings-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(content: string) {
  const path = join(folder, 'local.settings.json');
  await writeFile(path, content);
  return readLocalSettings(path);
}

test('the values of the file are read; no file, no values', async () => {
  expect(await read('{"IsEncrypted":false,"Values":{"A":"1","B":""}}')).toEqual({ A: '1', B: '' });
  expect(await read('{}')).toEqual({});
  expect(await readLocalSettings(join(folder, 'none.json'))).toEqual({});
});

test.each([
  ['{"Values":{"KEY":"hush', 'is not valid JSON'],
  ['{"IsEncrypted":true,"Values":{"KEY":"hush"}}', 'is encrypted'],
  ['{"Values":{"KEY":["hush"]}}', '"KEY" must be a text'],
])('%s is an error that quotes no value', async (content, problem) => {
  const error = await read(content).catch((reason: Error) => reason);
  expect(String(error)).toContain(problem);
  expect(String(error)).not.toContain('hush');
});

test('the environment wins over the file', () => {
  expect(mergeSettings({ A: 'env' }, { A: 'file', B: 'file' })).toEqual({ A: 'env', B: 'file' });
});

test('what is set for the app can be forgotten, and nothing else is', async () => {
  Object.assign(process.env, { QUOTA_PER_MINUTE: '50', FUNCTION_KEY: 'key-12345', MY_OWN: 'kept' });
  await forgetSettings();
  expect(process.env).not.toHaveProperty('QUOTA_PER_MINUTE');
  expect(process.env).not.toHaveProperty('FUNCTION_KEY');
  expect(process.env).toHaveProperty('MY_OWN', 'kept');
  delete process.env.MY_OWN;
});

test('secrets are blanked out of what is printed, and nothing else is', () => {
  const redact = redactor({
    FUNCTION_KEY: 'key-12345',
    SIEM_SECRET: 'hush-hush',
    SIEM_HMAC: 'named-by-a-destination',
    SIEM_HOOK: 'https://siem.test/hook/its-path',
    GRAPH_STATE: 'named-for-graph',
    GRAPH_CLIENT_STATE_SETTING: 'GRAPH_STATE',
    FORWARD_DESTINATIONS:
      '{"siem":{"urlSetting":"SIEM_HOOK","auth":{"type":"hmac","secretSettings":["SIEM_HMAC"]}}}',
    PUBLIC_BASE_URL: 'https://app.test/base',
    DEFENDER_CLOUD: 'commercial',
  });
  expect(redact('named-by-a-destination https://siem.test/hook/its-path named-for-graph')).toBe(
    '*** *** ***',
  );
  expect(redact('https://app.test/base/api')).toBe('https://app.test/base/api');
  expect(
    redact(
      'key-12345 hush-hush commercial Bearer eyJhbGciOi.eyJhdWQi.sig /api/x?code=abc&a=1 AccountKey=k==;EndpointSuffix=e',
    ),
  ).toBe('*** *** commercial Bearer *** /api/x?code=***&a=1 AccountKey=***;EndpointSuffix=e');
});
