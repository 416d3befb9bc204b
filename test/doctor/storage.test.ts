import { afterEach, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../../local/azurite.js';
import { startWorld, type World } from '../support/world.js';
import { consult } from './consult.js';

let world: World;
let azurite: Azurite | undefined;
afterEach(async () => {
  await world.close();
  await azurite?.close();
  azurite = undefined;
});

test('kept in memory: right for one instance, and it says so', async () => {
  world = await startWorld();
  expect((await consult(world)).of('storage')).toMatchObject({
    status: 'ok',
    found: expect.stringContaining('one instance'),
  });
});

test('a storage account that can be written to, and the same one when it is down', async () => {
  azurite = await startAzurite();
  const settings = { STATE_STORAGE: 'MY_STORAGE', MY_STORAGE: azurite.connectionString };
  world = await startWorld({ settings });
  expect((await consult(world)).of('storage')).toMatchObject({ status: 'ok' });
  await azurite.kill();
  const { of, answer } = await consult(world);
  expect(of('storage')).toMatchObject({
    status: 'fail',
    found: expect.stringContaining('STATE_STORAGE'),
    fix: expect.stringContaining('Storage Blob Data Contributor'),
  });
  const key = /AccountKey=([^;]+)/.exec(azurite.connectionString)?.[1] ?? '';
  expect(key.length).toBeGreaterThan(10);
  expect(answer.text).not.toContain(key);
}, 60_000);
