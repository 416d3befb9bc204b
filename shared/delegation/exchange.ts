import {
  ClientAssertionCredential,
  OnBehalfOfCredential,
  type OnBehalfOfCredentialOptions,
  type TokenCredential,
} from '@azure/identity';
import type { Clock } from '../base/clock.js';
import { runWithin } from '../base/deadline.js';
import { IdentityError } from '../base/errors.js';
import { abortableHttpClient, attempt } from '../identity/http-client.js';
import { type AccessToken, toAccessToken } from '../identity/token-cache.js';
import { type AuthorityAnswer, explainRefusal } from './refusal.js';
import type { Registration } from './settings.js';

/** What an exchange needs beside the user's token. */
export interface ExchangeParts {
  readonly clock: Clock;
  readonly registration: Registration;
  /** The managed identity's token that proves that this app is the registration: no secret anywhere. */
  clientAssertion(signal: AbortSignal): Promise<AccessToken>;
}

/** The longest that the login authority may take; shorter than an attempt, so that it is what is blamed. */
const AUTHORITY_TIMEOUT_MS = 8_000;

/** A token on behalf of the user whose token is `userToken`. */
export function exchangeForUser(
  parts: ExchangeParts,
  userToken: string,
  scope: string,
  signal: AbortSignal,
): Promise<AccessToken> {
  return exchange(
    parts,
    scope,
    signal,
    (options) => new OnBehalfOfCredential({ ...options, userAssertionToken: userToken }),
  );
}

/** A token for the registration itself. */
export function exchangeForRegistration(
  parts: ExchangeParts,
  scope: string,
  signal: AbortSignal,
): Promise<AccessToken> {
  return exchange(
    parts,
    scope,
    signal,
    ({ tenantId, clientId, getAssertion, ...options }) =>
      new ClientAssertionCredential(tenantId, clientId, getAssertion, options),
  );
}

type AssertionOptions = Omit<
  Extract<OnBehalfOfCredentialOptions, { getAssertion: unknown }>,
  'userAssertionToken'
>;

/**
 * One exchange, with a library credential of its own. Measured on @azure/identity 4.13.1: one that is
 * kept answers from its cache, so that a refresh brings the old token again, and after a 429 or 5xx it
 * refuses by itself for a minute; and the claims and codes of a refusal are lost in its errors, hence
 * the look at the answer on its way.
 */
async function exchange(
  { clock, registration, clientAssertion }: ExchangeParts,
  scope: string,
  signal: AbortSignal,
  create: (options: AssertionOptions) => TokenCredential,
): Promise<AccessToken> {
  // Before the library is asked, which would make a failure of it one of its own without a reason.
  const { token } = await clientAssertion(signal);
  let last: AuthorityAnswer | undefined;
  const library = create({
    ...registration,
    getAssertion: async () => token,
    // The authority is the operator's choice; asking another one about it fails in closed-off clouds.
    disableInstanceDiscovery: true,
    httpClient: {
      async sendRequest(request) {
        last = undefined; // of an earlier request, if this one brings no answer
        const response = await abortableHttpClient.sendRequest(request);
        last = { status: response.status, body: response.bodyAsText ?? '' };
        return response;
      },
    },
  });
  const timedOut = new IdentityError(
    'identity-unavailable',
    `The login authority ${registration.authorityHost} gave no token within ${AUTHORITY_TIMEOUT_MS / 1000} s. Ask again later.`,
  );
  try {
    return await runWithin(
      clock,
      AUTHORITY_TIMEOUT_MS,
      () => timedOut,
      async (deadline) => toAccessToken(await attempt(deadline.signal, () => library.getToken(scope))),
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    throw error === timedOut ? timedOut : explainRefusal(last, registration, error);
  }
}
