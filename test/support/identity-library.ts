import { ManagedIdentityCredential } from '@azure/identity';

/**
 * The library keeps the first endpoint that it sees for the life of the process. To be called before
 * it is to see another one.
 */
export function forgetIdentityEndpoint(): void {
  // biome-ignore lint/suspicious/noExplicitAny: private parts of the library, which offers no other way
  const { managedIdentityApp } = new ManagedIdentityCredential() as any;
  managedIdentityApp.managedIdentityClient.constructor.identitySource = undefined;
}
