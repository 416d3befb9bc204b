import { AzureCliCredential, EnvironmentCredential, type TokenCredential } from '@azure/identity';
import { abortableHttpClient } from './http-client.js';
import { TOKEN_TIMEOUT_MS } from './token-cache.js';

/** How somebody signs in who works outside Azure. A file of its own: what is deployed never loads it. */
export function localCredential(kind: 'azure-cli' | 'environment', authorityHost: string): TokenCredential {
  return kind === 'azure-cli'
    ? new AzureCliCredential({ processTimeoutInMs: TOKEN_TIMEOUT_MS })
    : new EnvironmentCredential({ authorityHost, httpClient: abortableHttpClient });
}
