import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { describe, expect, test } from '@jest/globals';
import { parseConnection } from '../../shared/storage/connection.js';

const parse = (name: string | undefined, env: Record<string, string>) =>
  parseConnection(name, (setting) => env[setting]);

describe('the storage connection', () => {
  test('memory needs nothing', () => {
    expect(parse('memory', {})).toEqual({ ok: true, storage: { kind: 'memory' } });
  });

  const GLOBAL = ['https://a.blob.core.windows.net/', 'https://a.queue.core.windows.net/'];
  const CHINA = ['https://a.blob.core.chinacloudapi.cn/', 'https://a.queue.core.chinacloudapi.cn/'];
  const LOCAL = ['http://127.0.0.1:10000/a', 'http://127.0.0.1:10001/a'];
  const SIGNED = GLOBAL.map((url) => `${url}?sv=2024&sig=a2V5%3D`);

  test.each([
    ['DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5;EndpointSuffix=core.windows.net', GLOBAL],
    [
      'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5;EndpointSuffix=core.chinacloudapi.cn',
      CHINA,
    ],
    // What the Functions host completes, and the libraries do not.
    ['DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5', GLOBAL],
    ['AccountName=a;AccountKey=a2V5;EndpointSuffix=core.windows.net', GLOBAL],
    ['AccountName=a;AccountKey=a2V5;EndpointSuffix=;', GLOBAL],
    [
      'defaultendpointsprotocol=https;ACCOUNTNAME=a; accountkey=a2V5==; endpointsuffix=core.windows.net',
      GLOBAL,
    ],
    ['AccountName=a;AccountKey=a2V5;BlobEndpoint=https://a.blob.core.windows.net/', GLOBAL],
    [
      'AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:10000/a;QueueEndpoint=http://127.0.0.1:10001/a;',
      LOCAL,
    ],
    [
      'BlobEndpoint=https://a.blob.core.windows.net/;QueueEndpoint=https://a.queue.core.windows.net/;' +
        'SharedAccessSignature=sv=2024&sig=a2V5%3D',
      SIGNED,
    ],
    ['AccountName=a;SharedAccessSignature=?sv=2024&sig=a2V5%3D', SIGNED],
    [
      'UseDevelopmentStorage=true',
      ['http://127.0.0.1:10000/devstoreaccount1', 'http://127.0.0.1:10001/devstoreaccount1'],
    ],
    [
      'usedevelopmentstorage=TRUE;',
      ['http://127.0.0.1:10000/devstoreaccount1', 'http://127.0.0.1:10001/devstoreaccount1'],
    ],
  ])(
    'a connection string leads the libraries to blobs and queues: %s',
    (given, [blobs = '', queues = '']) => {
      for (const [name, connection] of [
        [undefined, 'AzureWebJobsStorage'],
        ['STATE', 'STATE'],
      ] as const) {
        const parsed = parse(name, { [connection]: given });
        if (!parsed.ok || parsed.storage.kind !== 'connection-string') throw new Error('not taken');
        expect(parsed.storage.connection).toBe(connection);
        const { connectionString } = parsed.storage;
        expect(new URL(BlobServiceClient.fromConnectionString(connectionString).url).href).toBe(blobs);
        expect(new URL(QueueServiceClient.fromConnectionString(connectionString).url).href).toBe(queues);
      }
    },
  );

  test.each([
    [{ S__accountName: 'account1' }, 'account1.SERVICE.core.windows.net', undefined],
    [
      {
        S__blobServiceUri: 'https://a.blob.core.usgovcloudapi.net/',
        S__queueServiceUri: 'https://a.queue.core.usgovcloudapi.net/',
      },
      'a.SERVICE.core.usgovcloudapi.net',
      undefined,
    ],
    [
      { S__accountName: 'account1', S__credential: 'managedidentity', S__clientId: 'id-1' },
      'account1.SERVICE.core.windows.net',
      'id-1',
    ],
  ])('an identity: %j', (env, host, clientId) => {
    const url = (service: string) => `https://${host.replace('SERVICE', service)}`;
    expect(parse('S', env)).toEqual({
      ok: true,
      storage: { kind: 'identity', connection: 'S', blobUrl: url('blob'), queueUrl: url('queue'), clientId },
    });
  });

  test.each([
    [undefined, {}],
    ['S', {}],
    ['S', { S: 'secret-value' }],
    ['S', { S: 'AccountName=secret-value' }],
    ['S', { S: 'AccountKey=a2V5;EndpointSuffix=secret-value' }],
    ['S', { S: 'AccountName=secret value;AccountKey=a2V5' }],
    ['S', { S: 'AccountName=a;AccountKey=secret-value' }],
    ['S', { S: 'DefaultEndpointsProtocol=ftp;AccountName=secret-value;AccountKey=a2V5' }],
    ['S', { S: 'BlobEndpoint=https://a.blob.core.windows.net;SharedAccessSignature=secret-value' }],
    ['S', { S: 'BlobEndpoint=secret-value;QueueEndpoint=secret-value;SharedAccessSignature=sv=2024' }],
    ['S', { S__accountName: 'Secret-value.example.com' }],
    ['S', { S__blobServiceUri: 'http://secret-value.example.com' }],
    ['S', { S__blobServiceUri: 'https://example.com/secret-value' }],
    ['S', { S__blobServiceUri: 'https://secret-value.example.com' }],
    [
      'S',
      { S__blobServiceUri: 'https://example.com', S__queueServiceUri: 'https://example.com/secret-value' },
    ],
    ['S', { S__blobServiceUri: 'https://user:secret-value@example.com' }],
    ['S', { S__accountName: 'account1', S__credential: 'secret-value' }],
    ['AccountName=secret-value;AccountKey=a2V5', {}],
  ])('%s with %j is not usable, and no value is told', (name, env) => {
    const parsed = parse(name, env);
    // A connection that has a value is wrong itself; else what names it is.
    const setting = name !== undefined && name in env ? name : 'STATE_STORAGE';
    expect(parsed).toMatchObject({ ok: false, setting });
    expect(JSON.stringify(parsed)).not.toMatch(/secret-value/i);
  });
});
