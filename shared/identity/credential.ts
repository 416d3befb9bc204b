import { ManagedIdentityCredential, type TokenCredential } from '@azure/identity';
import { type ErrorFacts, IdentityError } from '../base/errors.js';
import { abortableHttpClient, attempt } from './http-client.js';
import { type Credential, toAccessToken } from './token-cache.js';

/** Who the app is when it asks Defender. */
export interface IdentitySettings {
  /** The client id of a user-assigned identity; absent: the system-assigned one. */
  readonly clientId: string | undefined;
  /** Another way to sign in, for work outside Azure. */
  readonly localCredentials: 'azure-cli' | 'environment' | undefined;
  /** Where the platform hands out tokens (App Service sets it once an identity is assigned). */
  readonly endpoint: string | undefined;
  /** `https://login.microsoftonline.com` or a national cloud's. */
  readonly authorityHost: string;
}

/** The credential that the settings name. Its errors say what to fix. */
export function createCredential(settings: IdentitySettings): Credential {
  return {
    key: `${settings.localCredentials ?? 'managed-identity'} ${settings.clientId ?? 'system-assigned'}`,
    getToken: async (scope, signal) => {
      try {
        const library = await libraryCredential(settings);
        return toAccessToken(await attempt(signal, () => library.getToken(scope)));
      } catch (error) {
        throw error instanceof IdentityError ? error : describe(error, scope, settings);
      }
    },
  };
}

/** A new one for each attempt, which are few: the library keeps its tokens for the whole process anyway. */
async function libraryCredential(settings: IdentitySettings): Promise<TokenCredential> {
  const { clientId, endpoint, localCredentials } = settings;
  if (localCredentials) {
    const { localCredential } = await import('./local-credential.js');
    return localCredential(localCredentials, settings.authorityHost);
  }
  // Without the endpoint the library would try a virtual machine's address and wait for nothing.
  if (!endpoint) throw noIdentity();
  return new ManagedIdentityCredential({
    ...(clientId ? { clientId } : {}),
    httpClient: abortableHttpClient,
  });
}

function noIdentity(): IdentityError {
  return new IdentityError(
    'identity-refused',
    'This app has no managed identity (IDENTITY_ENDPOINT is not set). Turn one on under Identity in the ' +
      'function app, or assign one and name it in AZURE_CLIENT_ID; outside Azure set LOCAL_CREDENTIALS.',
  );
}

/**
 * Statuses of the identity endpoint after which asking again can help. 404 and 410 are its own words for "not
 * ready yet":
 * https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#error-handling
 */
const PASSING_STATUSES = new Set([404, 408, 410, 429]);

/**
 * Entra's codes for an audience that the tenant does not know, in the endpoint's 400:
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
const UNKNOWN_AUDIENCE = /\bAADSTS(500011|650057)\b/;

function describe(
  error: unknown,
  scope: string,
  { clientId, localCredentials }: IdentitySettings,
): IdentityError {
  const refusal = (message: string, facts: ErrorFacts = {}) =>
    new IdentityError('identity-refused', message, { ...facts, cause: error });
  if (localCredentials) {
    return refusal(
      `LOCAL_CREDENTIALS=${localCredentials} gave no token. Sign in (az login), or set the AZURE_* variables ` +
        'that EnvironmentCredential reads.',
    );
  }
  const { status, message } = endpointAnswer(error);
  const [code] = UNKNOWN_AUDIENCE.exec(message) ?? [];
  if (code) {
    const audience = scope.replace(/\/\.default$/, '');
    return refusal(
      `This tenant does not know the audience ${audience} (${code}). If it is Defender's, DEFENDER_CLOUD or ` +
        'DEFENDER_AUDIENCE is wrong, or Defender for Endpoint was never set up in this tenant.',
      { upstream: { code, message: '' } },
    );
  }
  if (status !== undefined && status >= 400 && status < 500 && !PASSING_STATUSES.has(status)) {
    return refusal(
      clientId
        ? `The identity endpoint has no identity with the client id in AZURE_CLIENT_ID (HTTP ${status}). ` +
            'Assign that user-assigned identity to this app, or correct the client id (not the object id).'
        : `The identity endpoint refused to give a token (HTTP ${status}). If the app has a user-assigned ` +
            'identity only, put its client id into AZURE_CLIENT_ID; else turn on the system-assigned one.',
    );
  }
  return new IdentityError(
    'identity-unavailable',
    `The identity endpoint gave no token (${status ? `HTTP ${status}` : 'no usable answer'}). ` +
      'This is usually short; if it stays, restart the function app.',
    { cause: error },
  );
}

/** What the endpoint answered: the library keeps its HTTP status and its text on the error's cause. */
function endpointAnswer(error: unknown): { readonly status: number | undefined; readonly message: string } {
  const cause = error instanceof Error ? error.cause : undefined;
  const { status, message } = (cause ?? {}) as { status?: unknown; message?: unknown };
  return {
    status: typeof status === 'number' ? status : undefined,
    message: typeof message === 'string' ? message : '',
  };
}
