import { randomUUID } from 'node:crypto';

/**
 * Why Entra gives no token. Codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly code: number;
  readonly suberror?: string;
  /** A claims challenge, in JSON. */
  readonly claims?: string;
}

export const REFUSALS = {
  forged: { status: 400, error: 'invalid_grant', code: 50013 },
  revoked: { status: 400, error: 'invalid_grant', code: 50173 },
  expired: { status: 400, error: 'invalid_grant', code: 500133 },
  consent: { status: 400, error: 'invalid_grant', code: 65001, suberror: 'consent_required' },
  /** The space keeps its base64 from looking like that of a token, which tests search answers for. */
  secondFactor: {
    status: 400,
    error: 'interaction_required',
    code: 50076,
    suberror: 'basic_action',
    claims: '{ "access_token":{"capolids":{"essential":true,"values":["c1"]}}}',
  },
  unknownTenant: { status: 400, error: 'invalid_request', code: 90002 },
  unknownClient: { status: 400, error: 'unauthorized_client', code: 700016 },
  federatedAudience: { status: 401, error: 'invalid_client', code: 700212 },
  federatedSubject: { status: 401, error: 'invalid_client', code: 700213 },
} as const satisfies Record<string, Refusal>;

/** A refusal in Entra's form. Its description names the user, as real ones do. */
export function refusalAnswer({
  status,
  error,
  code,
  suberror,
  claims,
}: Refusal): [status: number, body: unknown] {
  const description = `AADSTS${code}: canary-user@contoso.example was refused.`;
  const body = {
    error,
    error_description: description,
    error_codes: [code],
    correlation_id: randomUUID(),
    ...(suberror ? { suberror } : {}),
    ...(claims ? { claims } : {}),
  };
  return [status, body];
}
