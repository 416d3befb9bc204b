import { describe, expect, test } from '@jest/globals';
import { parseSettings } from '../../shared/app/settings.js';

const ID = '33333333-3333-4333-8333-333333333333';
const FULL = { AZURE_CLIENT_ID: ID, DELEGATED_CLIENT_ID: ID, DELEGATED_TENANT_ID: ID };

function problems(env: Record<string, string>): string[] {
  const parsed = parseSettings({ STATE_STORAGE: 'memory', ...env });
  return parsed.ok ? [] : parsed.problems.map(({ setting, message }) => `${setting} ${message}`);
}

test('off unless it is set', () => {
  const parsed = parseSettings({ STATE_STORAGE: 'memory' });
  expect(parsed.ok && parsed.settings.delegation).toBeUndefined();
});

test.each([
  ['commercial', 'https://login.microsoftonline.com', 'api://AzureADTokenExchange'],
  ['gcc', 'https://login.microsoftonline.com', 'api://AzureADTokenExchange'],
  ['gcc-high', 'https://login.microsoftonline.us', 'api://AzureADTokenExchangeUSGov'],
  ['dod', 'https://login.microsoftonline.us', 'api://AzureADTokenExchangeUSGov'],
])('in the cloud %s the exchange is with %s for %s', (DEFENDER_CLOUD, authorityHost, exchangeAudience) => {
  const parsed = parseSettings({ STATE_STORAGE: 'memory', ...FULL, DEFENDER_CLOUD });
  expect(parsed.ok && parsed.settings.delegation).toEqual({
    clientId: ID,
    tenantId: ID,
    authorityHost,
    exchangeAudience,
  });
});

test('an id has one spelling, so that apps with one registration have one ledger', () => {
  const id = 'ABCDEF00-3333-4333-8333-333333333333';
  const parsed = parseSettings({
    STATE_STORAGE: 'memory',
    ...FULL,
    DELEGATED_CLIENT_ID: id,
    DELEGATED_TENANT_ID: id,
  });
  expect(parsed.ok && parsed.settings.delegation).toMatchObject({
    clientId: id.toLowerCase(),
    tenantId: id.toLowerCase(),
  });
});

describe('what cannot work is a wrong setting', () => {
  test.each([
    [{ AZURE_CLIENT_ID: '' }, ['DELEGATED_CLIENT_ID needs AZURE_CLIENT_ID']],
    [{ DELEGATED_TENANT_ID: '' }, ['DELEGATED_TENANT_ID is missing']],
    [{ DELEGATED_CLIENT_ID: '' }, ['DELEGATED_CLIENT_ID is missing']],
    [{ DELEGATED_CLIENT_ID: 'secret' }, ['DELEGATED_CLIENT_ID must be the client id of an app registration']],
    [{ DELEGATED_TENANT_ID: 'secret' }, ["DELEGATED_TENANT_ID must be the app registration's tenant"]],
    [{ LOCAL_CREDENTIALS: 'azure-cli' }, ['DELEGATED_CLIENT_ID needs the managed identity']],
  ])('%j', (changed, wanted) => {
    const found = problems({ ...FULL, ...changed });
    expect(found).toHaveLength(wanted.length);
    for (const [index, start] of wanted.entries()) expect(found[index]).toContain(start);
    expect(found.join()).not.toContain('secret');
  });
});
