import { type ErrorFacts, type ErrorKind, IdentityError } from '../base/errors.js';
import { bearerChallenge } from './challenge.js';
import type { Registration } from './settings.js';

/** The login authority's last answer to an attempt. */
export interface AuthorityAnswer {
  readonly status: number;
  readonly body: string;
}

/** Nobody has consented to the permission. */
const CONSENT = 65001;
/** The assertion's own time is over. */
const ASSERTION_EXPIRED = 500133;
/** No federated credential fits the presented assertion: at all, its issuer, its audience, its subject. */
const FEDERATION = [70021, 700211, 700212, 700213];
/** The tenant or the app registration is not known there. */
const UNKNOWN_REGISTRATION = [90002, 900023, 700016];
/** Statuses of the login authority below 500 after which asking again can help. */
const PASSING_STATUSES = [408, 429];

/**
 * A refusal by the login authority as an error that says what to fix. Only its codes are shown: Entra's
 * descriptions hold names of users. Codes:
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 *
 * @param answer absent when there was none
 * @param cause the library's error, in which suberror, codes and claims are lost
 */
export function explainRefusal(
  answer: AuthorityAnswer | undefined,
  registration: Registration,
  cause: unknown,
): IdentityError {
  const refusal = readRefusal(answer);
  if (!refusal) {
    return new IdentityError(
      'identity-unavailable',
      `The login authority ${registration.authorityHost} gave no token (${answer ? `HTTP ${answer.status}` : 'no answer'}). ` +
        'Ask again later; if it stays, check DEFENDER_AUTHORITY_HOST and the way out of this network.',
      { cause },
    );
  }
  const kind = kindOf(refusal);
  const said = refusal.codes.map((code) => `AADSTS${code}`).join(', ') || refusal.error;
  const facts: ErrorFacts = {
    cause,
    ...challengeOf(kind, refusal, registration),
    ...(refusal.correlationId
      ? { upstream: { code: said, message: '', target: refusal.correlationId } }
      : {}),
  };
  const isUnknown = refusal.codes.some((code) => UNKNOWN_REGISTRATION.includes(code));
  const advice = kind === 'delegation-refused' && isUnknown ? UNKNOWN_ADVICE : ADVICE[kind];
  return new IdentityError(kind, `${advice} Entra said ${said}.`, facts);
}

const UNKNOWN_ADVICE =
  'Entra does not know the tenant, or the app registration in it. Check DELEGATED_TENANT_ID and DELEGATED_CLIENT_ID, and ' +
  'that DEFENDER_CLOUD is the cloud that they are in.';

type RefusalKind = Extract<
  ErrorKind,
  | 'consent-missing'
  | 'delegation-refused'
  | 'interaction-required'
  | 'user-token-expired'
  | 'user-token-refused'
>;

const ADVICE: Readonly<Record<RefusalKind, string>> = {
  'consent-missing':
    'Nobody has consented that this app asks Defender for the user. Add the delegated permission Ip.Read.All of ' +
    'WindowsDefenderATP to the app registration in DELEGATED_CLIENT_ID, and grant admin consent.',
  'delegation-refused':
    'Entra does not accept this app as the app registration in DELEGATED_CLIENT_ID. Its federated credential must name ' +
    "this identity's object id as subject, the tenant's issuer and the audience of the cloud; see docs/guides/identity.md.",
  'interaction-required':
    'Entra wants the user to sign in again, such as with a second factor. Sign in with the claims in WWW-Authenticate, ' +
    'and ask again with the new token.',
  'user-token-expired': "The user's token has expired. Get a new one and ask again.",
  'user-token-refused':
    "Entra refused the user's token: it is revoked, not genuine, or of another tenant. Sign in again; if it stays, " +
    'look into the sign-in log of the tenant.',
};

interface Refusal {
  readonly error: string;
  readonly suberror: unknown;
  readonly codes: readonly number[];
  readonly claims: string | undefined;
  readonly correlationId: string | undefined;
}

function kindOf({ error, suberror, codes, claims }: Refusal): RefusalKind {
  if (codes.includes(CONSENT) || error === 'consent_required' || suberror === 'consent_required') {
    return 'consent-missing';
  }
  if (codes.some((code) => FEDERATION.includes(code))) return 'delegation-refused';
  if (claims !== undefined || error === 'interaction_required' || error === 'login_required') {
    return 'interaction-required';
  }
  if (codes.includes(ASSERTION_EXPIRED)) return 'user-token-expired';
  return error === 'invalid_grant' ? 'user-token-refused' : 'delegation-refused';
}

function challengeOf(kind: RefusalKind, { claims }: Refusal, registration: Registration) {
  if (kind === 'consent-missing' || kind === 'delegation-refused') return {};
  const error = kind === 'interaction-required' ? 'insufficient_claims' : 'invalid_token';
  return { challenge: bearerChallenge(registration, error, claims) };
}

/** OAuth's error form (RFC 6749, 5.2) with Entra's own fields; undefined for anything else. */
function readRefusal(answer: AuthorityAnswer | undefined): Refusal | undefined {
  if (!answer || answer.status < 400 || answer.status >= 500) return undefined;
  if (PASSING_STATUSES.includes(answer.status)) return undefined;
  let body: Record<string, unknown> | null;
  try {
    body = JSON.parse(answer.body);
  } catch {
    return undefined;
  }
  if (typeof body?.error !== 'string' || !/^[a-z_]{1,60}$/.test(body.error)) return undefined;
  const { error_codes: codes, claims, correlation_id: id } = body;
  return {
    error: body.error,
    suberror: body.suberror,
    codes: Array.isArray(codes) ? codes.filter((code) => Number.isInteger(code)).slice(0, 5) : [],
    claims: typeof claims === 'string' && claims !== '' ? claims : undefined,
    correlationId: typeof id === 'string' && /^[0-9a-f-]{36}$/i.test(id) ? id : undefined,
  };
}
