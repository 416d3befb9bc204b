import { permissionFinding } from '../../defender/findings.js';
import { type Check, isDefenderAsked } from '../check.js';

/**
 * When the token was issued: a permission granted after that is not in it, and the platform keeps tokens
 *  of managed identities for about 24 hours, whatever is asked of it
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
    const age = `This token was issued ${minutes} min ago and is valid until ${until}.`;
    if (!isDefenderAsked(app) || permissionFinding(look.claims).isRight !== false)
      return [{ status: 'ok', found: age }];
    return [
      {
        status: 'warn',
        found: `${age} If you granted the permission after it was issued, nothing is wrong: Azure reuses the old token until then.`,
        fix: `Wait until ${until} at the latest. Restarting the app seldom helps: Azure keeps the token outside of it.`,
      },
    ];
  },
};
