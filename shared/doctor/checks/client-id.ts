import type { Check } from '../check.js';
import { setSetting } from '../commands.js';

/** Whether AZURE_CLIENT_ID is the client id of the identity that the token belongs to. */
export const clientId: Check = {
  name: 'client-id',
  async examine({ app, token }) {
    const { clientId: wanted, endpoint, localCredentials } = app.settings.identity;
    if (localCredentials || !endpoint) return [];
    const look = await token;
    if (!wanted) {
      // Where the platform gives none without it, the check of the identity says so.
      if (!look.ok) return [];
      const found = 'AZURE_CLIENT_ID is not set, and not needed: the platform gave a token.';
      return [{ status: 'ok', found }];
    }
    const actual = look.ok ? look.claims?.applicationId : undefined;
    if (actual === undefined) return [];
    if (actual.toLowerCase() === wanted.toLowerCase()) {
      return [{ status: 'ok', found: `AZURE_CLIENT_ID is the client id of the identity in use, ${actual}.` }];
    }
    const found = `AZURE_CLIENT_ID is ${wanted}, but the token belongs to ${actual}.`;
    return [{ status: 'fail', found, fix: setSetting('AZURE_CLIENT_ID', actual) }];
  },
};
