import type { Check } from '../check.js';
import { SHOW_IDENTITIES, setSetting } from '../commands.js';

/** Whether AZURE_CLIENT_ID is there where it is needed, and is that of the identity that answers. */
export const clientId: Check = {
  name: 'client-id',
  async examine({ app, token }) {
    const { clientId: wanted, endpoint, localCredentials } = app.settings.identity;
    if (localCredentials || !endpoint) return [];
    const look = await token;
    if (!wanted) {
      if (look.ok) {
        return [
          { status: 'ok', found: 'AZURE_CLIENT_ID is not set, and not needed: the platform gave a token.' },
        ];
      }
      // With a code of Entra's there is an identity: the tenant does not know the audience.
      if (look.error.kind !== 'identity-refused' || look.error.upstream) return [];
      const found =
        'AZURE_CLIENT_ID is not set, and the platform gives no token without it: an app with a user-assigned ' +
        'identity only has to name it by its client id.';
      return [
        {
          status: 'fail',
          found,
          fix: `${SHOW_IDENTITIES}, then ${setSetting('AZURE_CLIENT_ID', 'CLIENT_ID')}`,
        },
      ];
    }
    const actual = look.ok ? look.claims?.applicationId : undefined;
    if (actual === undefined) return [];
    if (actual.toLowerCase() === wanted.toLowerCase()) {
      return [
        { status: 'ok', found: `AZURE_CLIENT_ID is the client id of the identity that answers, ${actual}.` },
      ];
    }
    const found = `AZURE_CLIENT_ID is ${wanted}, but the token is that of ${actual}.`;
    return [{ status: 'fail', found, fix: setSetting('AZURE_CLIENT_ID', actual) }];
  },
};
