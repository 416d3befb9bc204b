import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type IdentityEndpoint, startIdentityEndpoint } from '../../local/identity/endpoint.js';
import type { Intercept } from '../../local/intercept.js';
import { sendJson } from '../../local/loopback.js';
import { systemClock } from '../../shared/base/clock.js';
import type { TelemetryEvent } from '../../shared/base/telemetry-event.js';
import { createCredential } from '../../shared/identity/credential.js';
import { TokenCache } from '../../shared/identity/token-cache.js';
import { FakeTimers } from '../support/fake-timers.js';
import { forgetIdentityEndpoint } from '../support/identity-library.js';

const HOUR = 3_600_000;
let time: FakeTimers;
let endpoint: IdentityEndpoint;
let events: TelemetryEvent[];
/** The library's own token cache is one for the process. */
let scopes = 0;

beforeEach(async () => {
  time = new FakeTimers();
  endpoint = await time.until(startIdentityEndpoint({ clock: systemClock }));
  Object.assign(process.env, endpoint.settings);
  forgetIdentityEndpoint();
  scopes++;
  events = [];
});
afterEach(async () => {
  await time.until(endpoint.close());
  time.end();
});

const cut: Intercept = (_request, response) => {
  response.destroy();
  return true;
};
const unavailable: Intercept = (_request, response) => {
  sendJson(response, 503, { statusCode: 503, message: 'down' });
  return true;
};

/**
 * The real identity library for 48 hours, with tokens of 24 hours, and the endpoint unavailable from 13.5 h to 25.5 h.
 * A refresh at half-life carries the app to 36 h; one that is missed ends it at 24 h.
 */
test.each([
  [60, cut],
  [10, cut],
  [60, unavailable],
] as const)(
  'a request every %i minutes over 48 hours, 12 of them without the endpoint: none fails',
  async (minutes, fault) => {
    const credential = createCredential({
      clientId: undefined,
      localCredentials: undefined,
      endpoint: endpoint.url,
      authorityHost: 'https://login.microsoftonline.com',
    });
    const cache = new TokenCache(systemClock, (event) => events.push(event));
    const scope = `https://refresh-${scopes}.test/.default`;
    const began = Date.now();
    const failures: number[] = [];
    const tokens = new Set<string>();
    for (let atMs = 0; atMs <= 48 * HOUR; atMs += minutes * 60_000) {
      await time.pass(Math.max(1, began + atMs - Date.now()));
      endpoint.intercept = atMs >= 13.5 * HOUR && atMs < 25.5 * HOUR ? fault : undefined;
      await time.until(cache.get(credential, scope, new AbortController().signal)).then(
        ({ token }) => tokens.add(token),
        () => failures.push(atMs / HOUR),
      );
      await time.settle();
    }
    expect(failures).toEqual([]);
    // One at the start, one each 12 to 13 hours, but for the outage.
    expect(tokens.size).toBeGreaterThanOrEqual(3);
    const refreshed = events.filter(
      (event) => event.kind === 'token-refresh' && event.outcome === 'refreshed',
    );
    expect(refreshed).toHaveLength(tokens.size);
  },
  60_000,
);
