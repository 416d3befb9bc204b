import { describe, expect, test } from '@jest/globals';
import { parseSettings } from '../../shared/app/settings.js';
import { CLOUDS, type CloudName, cloudProblems } from '../../shared/defender/clouds.js';

const COM = 'https://login.microsoftonline.com';
const US = 'https://login.microsoftonline.us';

function wrong(env: Record<string, string>): string[] {
  const parsed = parseSettings({ STATE_STORAGE: 'memory', ...env });
  return parsed.ok ? [] : parsed.problems.map(({ setting }) => setting);
}

test.each(Object.keys(CLOUDS) as CloudName[])('what DEFENDER_CLOUD=%s implies fits together', (cloud) => {
  expect(cloudProblems(cloud, CLOUDS[cloud])).toEqual([]);
});

describe('overrides that work', () => {
  test.each([
    { DEFENDER_API_HOST: 'https://api.securitycenter.microsoft.com' },
    ...['us', 'eu', 'uk', 'au', 'swa', 'ina'].map((region) => ({
      DEFENDER_API_HOST: `https://${region}.api.security.microsoft.com`,
    })),
    { DEFENDER_AUDIENCE: 'https://securitycenter.onmicrosoft.com/windowsatpservice' },
    { DEFENDER_AUDIENCE: 'https://api.security.microsoft.com' },
    { DEFENDER_AUDIENCE: 'api://my-gateway', DEFENDER_API_HOST: 'https://gateway.example.com' },
    { DEFENDER_AUTHORITY_HOST: 'https://login.example.com' },
    { DEFENDER_AUDIENCE: 'api://[' }, // odd, and no reason to fall over
    { DEFENDER_CLOUD: 'gcc', DEFENDER_AUTHORITY_HOST: COM },
    // What others ask the GCC host with: its tenants are in the public Entra.
    ...[
      'https://securitycenter.onmicrosoft.com/windowsatpservice',
      'https://api.securitycenter.microsoft.com',
    ].flatMap((audience) => [
      { DEFENDER_CLOUD: 'gcc', DEFENDER_AUDIENCE: audience },
      { DEFENDER_API_HOST: 'https://api-gcc.securitycenter.microsoft.us', DEFENDER_AUDIENCE: audience },
    ]),
    { DEFENDER_CLOUD: 'gcc', DEFENDER_API_HOST: 'https://another.securitycenter.microsoft.us' },
    { DEFENDER_CLOUD: 'dod', DEFENDER_API_HOST: 'https://another.securitycenter.microsoft.us' },
    { DEFENDER_CLOUD: 'gcc-high', DEFENDER_AUDIENCE: 'api://another' },
    // On this machine anything goes with anything.
    { DEFENDER_API_HOST: 'http://127.0.0.1:7080', DEFENDER_AUTHORITY_HOST: US },
    { DEFENDER_CLOUD: 'dod', DEFENDER_API_HOST: 'http://localhost:7080', DEFENDER_AUTHORITY_HOST: COM },
    {
      DEFENDER_API_HOST: 'http://[::1]:7080',
      DEFENDER_AUDIENCE: 'https://api-gov.securitycenter.microsoft.us',
    },
  ] as Record<string, string>[])('%j', (env) => {
    expect(wrong(env)).toEqual([]);
  });
});

describe('overrides that cannot work are wrong settings', () => {
  test.each([
    // A host of the US government with all else commercial: both other parts are wrong.
    [
      { DEFENDER_API_HOST: 'https://api-gov.securitycenter.microsoft.us' },
      ['DEFENDER_AUDIENCE', 'DEFENDER_AUTHORITY_HOST'],
    ],
    [{ DEFENDER_CLOUD: 'gcc-high', DEFENDER_AUTHORITY_HOST: COM }, ['DEFENDER_AUTHORITY_HOST']],
    [{ DEFENDER_CLOUD: 'dod', DEFENDER_AUTHORITY_HOST: COM }, ['DEFENDER_AUTHORITY_HOST']],
    [{ DEFENDER_CLOUD: 'gcc', DEFENDER_AUTHORITY_HOST: US }, ['DEFENDER_AUTHORITY_HOST']],
    [{ DEFENDER_AUTHORITY_HOST: US }, ['DEFENDER_AUTHORITY_HOST']],
    [
      { DEFENDER_API_HOST: 'https://eu.api.security.microsoft.com', DEFENDER_AUTHORITY_HOST: US },
      ['DEFENDER_AUTHORITY_HOST'],
    ],
    [
      { DEFENDER_CLOUD: 'dod', DEFENDER_API_HOST: 'https://eu.api.security.microsoft.com' },
      ['DEFENDER_AUDIENCE', 'DEFENDER_AUTHORITY_HOST'],
    ],
    [{ DEFENDER_AUDIENCE: 'https://api-gov.securitycenter.microsoft.us' }, ['DEFENDER_AUDIENCE']],
    [
      { DEFENDER_CLOUD: 'gcc', DEFENDER_AUDIENCE: 'https://api-gov.securitycenter.microsoft.us' },
      ['DEFENDER_AUDIENCE'],
    ],
    [
      { DEFENDER_CLOUD: 'gcc-high', DEFENDER_AUDIENCE: 'https://api.securitycenter.microsoft.com' },
      ['DEFENDER_AUDIENCE'],
    ],
    // A gateway in front: its own name tells nothing, the audience does.
    [
      {
        DEFENDER_CLOUD: 'dod',
        DEFENDER_API_HOST: 'https://gateway.example.com',
        DEFENDER_AUTHORITY_HOST: COM,
      },
      ['DEFENDER_AUTHORITY_HOST'],
    ],
  ] as [Record<string, string>, string[]][])('%j', (env, settings) => {
    expect(wrong(env)).toEqual(settings);
  });

  test('they are told beside what else is wrong, unless a part of them is', () => {
    const host = { DEFENDER_API_HOST: 'https://api-gov.securitycenter.microsoft.us' };
    expect(wrong({ ...host, MAX_BODY_BYTES: 'many' })).toEqual([
      'MAX_BODY_BYTES',
      'DEFENDER_AUDIENCE',
      'DEFENDER_AUTHORITY_HOST',
    ]);
    expect(wrong({ ...host, DEFENDER_AUDIENCE: 'x' })).toEqual(['DEFENDER_AUDIENCE']);
  });

  test('and the message says why and what would fit', () => {
    const [audience, authority] = cloudProblems('commercial', {
      ...CLOUDS.commercial,
      apiHost: 'https://api-gov.securitycenter.microsoft.us',
    });
    expect(audience?.message).toMatch(
      /one of the public cloud.*one of the US government cloud.*gcc-high or dod/,
    );
    expect(authority?.message).toMatch(/US government.*login\.microsoftonline\.us/);
  });
});
