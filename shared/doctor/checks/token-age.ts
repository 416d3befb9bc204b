import { permissionFinding } from '../../defender/findings.js';
import { type Check, isDefenderAsked } from '../check.js';
import { RESTART } from '../commands.js';

/**
 * Since when the token has been kept: a permission granted after that is not in it, and the platform
 * keeps tokens of managed identities for about 24 hours, whatever is asked of it
 * (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identity-best-practice-recommendations#limitation-of-using-managed-identities-for-authorization).
 */
export const tokenAge: Check = {
  name: 'token-age',
  async examine({ app, token }) {
    const look = await token;
    const { issuedAtMs, expiresAtMs } = (look.ok && look.claims) || {};
    if (!look.ok || issuedAtMs === undefined || expiresAtMs === undefined) return [];
    const minutes = Math.max(0, Math.floor((app.clock.epochMs() - issuedAtMs) / 60_000));
    const until = new Date(expiresAtMs).toISOString();
    const age = `The token was issued ${minutes} min ago and ends at ${until}.`;
    if (!isDefenderAsked(app) || permissionFinding(look.claims).isRight !== false)
      return [{ status: 'ok', found: age }];
    return [
      {
        status: 'warn',
        found: `${age} If the permission was granted since it was issued, nothing is wrong: the platform keeps the old token.`,
        fix: `Wait until ${until} at the latest. ${RESTART} helps only sometimes: the cache is not the app's.`,
      },
    ];
  },
};
