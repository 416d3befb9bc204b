import type { TokenClaims } from '../identity/claims.js';

/** The API's application id in every tenant, "WindowsDefenderATP". */
export const DEFENDER_APP_ID = 'fc780465-2017-40d4-a0c5-307022471b92';
/** The permission that related IPs and IP statistics want, by its name in tokens. */
const PERMISSION = 'Ip.Read.All';
/** The id of the application permission of that name. */
export const APPLICATION_ROLE_ID = '47bf842d-354b-49ef-b741-3a6dd815bc13';
/** The id of the delegated permission of that name. */
export const DELEGATED_SCOPE_ID = 'b65a97e8-c8e8-4908-b19a-f654615de1a9';

/** What a token says about a question: yes, no, or nothing (undefined), and in words for the reader. */
export interface Finding {
  readonly isRight: boolean | undefined;
  readonly sentence: string;
  /** What it must be when Defender refuses a token that looks right. */
  readonly ifRefused?: string;
}

/**
 * Whether a token carries the permission, and what follows when Defender refuses it all the same.
 * Said alike by the doctor and by every answer that a 403 leads to.
 */
export function permissionFinding(claims: TokenClaims | undefined): Finding {
  if (!claims) {
    return {
      isRight: undefined,
      sentence: `The token cannot be read here, so it is not known whether it carries ${PERMISSION} of WindowsDefenderATP.`,
      ifRefused:
        "Grant it to this app's identity if it is missing. The platform caches tokens, so a grant can take up to 24 hours " +
        'to be seen.',
    };
  }
  return claims.scopes.length > 0 ? delegatedFinding(claims) : applicationFinding(claims);
}

function applicationFinding({
  applicationId,
  objectId,
  roles,
  issuedAtMs,
  expiresAtMs,
}: TokenClaims): Finding {
  const whose = `The token of application ${applicationId ?? '(unknown)'}`;
  if (roles.includes(PERMISSION)) {
    return {
      isRight: true,
      sentence: `${whose} carries the application permission ${PERMISSION}.`,
      ifRefused:
        "So neither a missing grant nor the 24 hours of the platform's token cache is to blame: check that the tenant " +
        'has an active plan of Defender for Endpoint, and that DEFENDER_CLOUD is its cloud.',
    };
  }
  const issued = issuedAtMs === undefined ? '' : ` It was issued at ${iso(issuedAtMs)}.`;
  const until = expiresAtMs === undefined ? '' : ` (this one until ${iso(expiresAtMs)} at the latest)`;
  return {
    isRight: false,
    sentence:
      `${whose} carries no application permission ${PERMISSION} of WindowsDefenderATP (its roles: ${list(roles)}): ` +
      `grant it to this app's identity (object id ${objectId ?? 'unknown'}).${issued} A permission that was ` +
      `granted after that is not in it: Azure reuses a token for up to 24 hours${until}.`,
  };
}

function delegatedFinding({ applicationId, scopes }: TokenClaims): Finding {
  if (scopes.includes(PERMISSION)) {
    return {
      isRight: true,
      sentence: `The user's token carries the delegated permission ${PERMISSION}.`,
      ifRefused:
        'So the user lacks the role permission "View data", or access to the group of the device that the alert is on.',
    };
  }
  return {
    isRight: false,
    sentence:
      `The user's token carries no delegated permission ${PERMISSION} of WindowsDefenderATP (its scopes: ` +
      `${list(scopes)}): add it to the app registration ${applicationId ?? ''} and grant admin consent.`,
  };
}

/** Whether a token is for the API. Said by the doctor, and by every answer that a 401 leads to. */
export function audienceFinding(claims: TokenClaims | undefined, wanted: string): Finding {
  const actual = claims?.audience;
  if (actual === undefined) {
    return { isRight: undefined, sentence: 'The token does not say whom it is for.' };
  }
  if (isSame(actual, wanted) || actual === DEFENDER_APP_ID) {
    return {
      isRight: true,
      sentence: `The token is for ${actual}, the audience that DEFENDER_CLOUD or DEFENDER_AUDIENCE names.`,
    };
  }
  return {
    isRight: false,
    sentence: `The token is for ${actual}, but the audience that DEFENDER_CLOUD or DEFENDER_AUDIENCE names is ${wanted}: check which resource gives tokens by that name.`,
  };
}

/** Tokens name a resource with or without the slash at its end. */
function isSame(one: string, other: string): boolean {
  return one.replace(/\/$/, '') === other.replace(/\/$/, '');
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.slice(0, 20).join(', ');
}

/** Without the milliseconds, which tokens do not have. */
function iso(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
