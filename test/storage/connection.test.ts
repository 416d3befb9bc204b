import { describe, expect, test } from '@jest/globals';
import { parseConnection } from '../../shared/storage/connection.js';

const parse = (name: string | undefined, env: Record<string, string>) =>
  parseConnection(name, (setting) => env[setting]);

describe('the storage connection', () => {
  test('memory needs nothing', () => {
    expect(parse('memory', {})).toEqual({ ok: true, storage: { kind: 'memory' } });
  });

  test.each([
    ['DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5;EndpointSuffix=core.windows.net'],
    ['BlobEndpoint=https://a.blob.core.windows.net;SharedAccessSignature=sv=2024'],
    ['UseDevelopmentStorage=true'],
  ])('a connection string: %s', (connectionString) => {
    const named = (connection: string) => ({
      ok: true,
      storage: { kind: 'connection-string', connection, connectionString },
    });
    expect(parse(undefined, { AzureWebJobsStorage: connectionString })).toEqual(named('AzureWebJobsStorage'));
    expect(parse('STATE', { STATE: connectionString })).toEqual(named('STATE'));
  });

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
    expect(parsed).toMatchObject({ ok: false, setting: 'STATE_STORAGE' });
    expect(JSON.stringify(parsed)).not.toMatch(/secret-value/i);
  });
});
