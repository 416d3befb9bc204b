import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type IdentityEndpoint, startIdentityEndpoint } from '../../local/identity/endpoint.js';
import { sendJson } from '../../local/loopback.js';
import { systemClock } from '../../shared/base/clock.js';
import { createCredential, type IdentitySettings } from '../../shared/identity/credential.js';
import { FakeTimers } from '../support/fake-timers.js';
import { forgetIdentityEndpoint } from '../support/identity-library.js';

const CLIENT_ID = '33333333-3333-4333-8333-333333333333';
let time: FakeTimers;
let endpoint: IdentityEndpoint;
/** The library's own token cache is one for the process. */
let scopes = 0;

beforeEach(async () => {
  time = new FakeTimers();
  endpoint = await time.until(startIdentityEndpoint({ clock: systemClock }));
  Object.assign(process.env, endpoint.settings);
  forgetIdentityEndpoint();
  scopes++;
});
afterEach(async () => {
  await time.until(endpoint.close());
  time.end();
});

const settings = (more: Partial<IdentitySettings> = {}): IdentitySettings => ({
  clientId: undefined,
  localCredentials: undefined,
  endpoint: endpoint.url,
  authorityHost: 'https://login.microsoftonline.com',
  ...more,
});
const ask = (more: Partial<IdentitySettings> = {}, signal = new AbortController().signal) =>
  createCredential(settings(more)).getToken(`https://api-${scopes}.test/.default`, signal);
const refusal = (more: Partial<IdentitySettings> = {}) =>
  time.until(
    ask(more).then(
      () => Promise.reject(new Error('gave a token')),
      (error: Error) => error,
    ),
  );
/** The endpoint answers with an error of this status. */
const answerWith = (status: number) => {
  endpoint.intercept = (_request, response) => {
    sendJson(response, status, { statusCode: status, message: 'secret text of the endpoint' });
    return true;
  };
};

describe('the managed identity', () => {
  test('gives a token and its end', async () => {
    const { token, expiresOnMs } = await time.until(ask());
    expect(token).toMatch(/^eyJ/);
    expect(Math.abs(expiresOnMs - Date.now() - 86_400_000)).toBeLessThan(2_000);
    expect(endpoint.requests).toMatchObject([{ resource: `https://api-${scopes}.test` }]);
    expect(endpoint.requests[0]).not.toHaveProperty('clientId');
  });

  test('is the user-assigned one where its client id is set', async () => {
    await time.until(ask({ clientId: CLIENT_ID }));
    expect(endpoint.requests).toMatchObject([{ clientId: CLIENT_ID }]);
  });

  test('that is not there is missed at once, in words', async () => {
    const error = await refusal({ endpoint: undefined });
    expect(error).toMatchObject({ kind: 'identity-refused' });
    for (const part of ['IDENTITY_ENDPOINT', 'Turn one on', 'AZURE_CLIENT_ID', 'LOCAL_CREDENTIALS']) {
      expect(error.message).toContain(part);
    }
    expect(endpoint.requests).toEqual([]);
  });

  test.each([400, 401, 403, 405, 499])('refused with %d: what to mend', async (status) => {
    answerWith(status);
    const system = await refusal();
    expect(system).toMatchObject({ kind: 'identity-refused' });
    expect(system.message).toMatch(new RegExp(`HTTP ${status}.*AZURE_CLIENT_ID.*system-assigned`));
    const user = await refusal({ clientId: CLIENT_ID });
    expect(user).toMatchObject({ kind: 'identity-refused' });
    expect(user.message).toMatch(new RegExp(`AZURE_CLIENT_ID \\(HTTP ${status}\\).*not the object id`));
    for (const { message } of [system, user]) expect(message).not.toMatch(/secret|33333/);
  });

  test.each([404, 408, 410, 429, 500, 503])('with %d it is not available, which passes', async (status) => {
    answerWith(status);
    const error = await refusal();
    expect(error).toMatchObject({ kind: 'identity-unavailable', cause: expect.any(Error) });
    expect(error.message).toMatch(new RegExp(`HTTP ${status}.*restart the function app`));
    expect(error.message).not.toContain('secret');
  });

  test('without a usable answer it is not available either', async () => {
    endpoint.intercept = (_request, response) => {
      response.end('<html>');
      return true;
    };
    const error = await refusal();
    expect(error).toMatchObject({ kind: 'identity-unavailable' });
    expect(error.message).toContain('no usable answer');
  });

  test('asks for nothing any more when the attempt is over: not while a request hangs, nor between two', async () => {
    let closed = 0;
    endpoint.intercept = (_request, response) => {
      response.once('close', () => closed++);
      return true;
    };
    const over = new AbortController();
    const hanging = ask({}, over.signal).catch((error: Error) => error);
    await time.settle();
    over.abort();
    expect(await time.until(hanging)).toMatchObject({ kind: 'identity-unavailable' });
    await time.settle();
    expect(closed).toBe(1);

    answerWith(503);
    const again = new AbortController();
    const retrying = ask({}, again.signal).catch((error: Error) => error);
    await time.settle();
    again.abort();
    expect(await time.until(retrying)).toMatchObject({ kind: 'identity-unavailable' });
    const asked = endpoint.requests.length;
    await time.pass(600_000);
    expect(endpoint.requests).toHaveLength(asked);
    expect(time.timers).toBe(0);
  });
});

describe('local credentials', () => {
  test('that give no token say how to sign in', async () => {
    const { PATH } = process.env;
    process.env.PATH = '';
    try {
      const error = await refusal({ localCredentials: 'azure-cli' });
      expect(error).toMatchObject({ kind: 'identity-refused', cause: expect.any(Error) });
      expect(error.message).toMatch(/^LOCAL_CREDENTIALS=azure-cli gave no token\. Sign in \(az login\)/);
    } finally {
      process.env.PATH = PATH;
    }
    const environment = await refusal({ localCredentials: 'environment' });
    expect(environment.message).toMatch(
      /^LOCAL_CREDENTIALS=environment gave no token.*AZURE_\* variables that EnvironmentCredential reads/,
    );
    expect(endpoint.requests).toEqual([]);
  });
});

test('credentials that give different tokens have different keys', () => {
  const keys = [
    settings(),
    settings({ clientId: CLIENT_ID }),
    settings({ localCredentials: 'azure-cli' }),
    settings({ localCredentials: 'environment' }),
  ].map((each) => createCredential(each).key);
  expect(new Set(keys).size).toBe(4);
});
