import type { Registration } from './settings.js';

/** Why a token will not do: RFC 6750, 3.1, and Microsoft's word for a claims challenge. */
export type ChallengeError = 'invalid_token' | 'insufficient_claims';

/**
 * `WWW-Authenticate` for a caller who is to come back with a token, or with another one. `claims` go
 * with the next sign-in, in base64: https://learn.microsoft.com/entra/identity-platform/claims-challenge
 *
 * @param error absent where no token was sent at all (RFC 6750, 3.1)
 */
export function bearerChallenge(
  { authorityHost, tenantId, clientId }: Registration,
  error?: ChallengeError,
  claims?: string,
): string {
  const parts = [
    'realm=""',
    `authorization_uri="${authorityHost}/${tenantId}/oauth2/v2.0/authorize"`,
    `client_id="${clientId}"`,
    ...(error ? [`error="${error}"`] : []),
    ...(claims ? [`claims="${Buffer.from(claims).toString('base64')}"`] : []),
  ];
  return `Bearer ${parts.join(', ')}`;
}
