import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../../local/azurite.js';
import { closeServer, listen } from '../../local/loopback.js';
import type { Answer } from '../support/exchange.js';
import { AUTHORITY_TLS, trustLocalAuthority } from '../support/tls-fixtures.js';
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
  expect(of('storage')).toMatchObject({ status: 'fail', found: expect.stringContaining('STATE_STORAGE') });
  for (const fix of fixes(answer)) {
    expect(fix).toContain('start Azurite');
    expect(fix).not.toContain('role');
  }
  const key = /AccountKey=([^;]+)/.exec(azurite.connectionString)?.[1] ?? '';
  expect(key.length).toBeGreaterThan(10);
  expect(answer.text).not.toContain(key);
});

test('a wrong key: the command that takes the right one', async () => {
  azurite = await startAzurite();
  const key = `AccountKey=${Buffer.alloc(64).toString('base64')}`;
  const MY_STORAGE = azurite.connectionString.replace(/AccountKey=[^;]+/, key);
  world = await startWorld({ settings: { STATE_STORAGE: 'MY_STORAGE', MY_STORAGE }, queues: noQueues });
  const { of, answer } = await consult(world);
  expect(of('storage').found).toContain('HTTP 403');
  for (const fix of fixes(answer)) {
    expect(fix).toMatch(/--settings "MY_STORAGE=\$\(az storage account show-connection-string .*\)"/);
    expect(fix).not.toContain('role');
  }
});

describe('an account that is asked with an identity', () => {
  let account: Server;
  beforeAll(async () => {
    account = createServer(AUTHORITY_TLS, (_request, response) => response.writeHead(403).end());
    await listen(account, 0);
  });
  afterAll(() => closeServer(account));

  /** A world whose account is at that host; the certificate there is for 127.0.0.1. */
  async function startWithAccountAt(host: string): Promise<void> {
    const url = `https://${host}:${(account.address() as AddressInfo).port}`;
    world = await startWorld({
      settings: {
        STATE_STORAGE: 'MY_STORAGE',
        MY_STORAGE__blobServiceUri: url,
        MY_STORAGE__queueServiceUri: url,
        MY_STORAGE__clientId: randomUUID(), // the library keeps tokens for the whole process
      },
      queues: noQueues,
    });
  }

  test('that is not the account it claims to be: what there is to trust', async () => {
    await startWithAccountAt('localhost');
    expect((await consult(world)).of('storage').fix).toContain('NODE_EXTRA_CA_CERTS');
  });

  test('that refuses it: the command that gives the role', async () => {
    const distrust = trustLocalAuthority();
    await startWithAccountAt('127.0.0.1');
    const { fix } = (await consult(world)).of('storage');
    distrust();
    expect(fix).toMatch(/^az role assignment create --role "Storage Blob Data Contributor"/);
  });

  test('of which there is no token: where the identity is named', async () => {
    await startWithAccountAt('localhost');
    world.identity.intercept = (_request, response) => {
      response.writeHead(400).end('{"statusCode":400,"message":"no"}');
      return true;
    };
    expect((await consult(world)).of('storage').fix).toContain('MY_STORAGE__clientId=');
  });
});

/** What fixes the storage, its queues and what is read there for the dead letters. */
function fixes({ json }: Answer): string[] {
  const checks: { name: string; fix: string }[] = json.checks;
  const of = ['storage', 'queues', 'dead-letters'];
  const fixes = checks.filter(({ name }) => of.includes(name)).map(({ fix }) => fix);
  expect(fixes).toHaveLength(1); // one account, one cause
  return fixes;
}

/** Triggers are not what is looked at here. */
const noQueues = () => ({
  receive: async () => [],
  delete: async () => {},
  hide: async () => {},
  send: async () => {},
});
