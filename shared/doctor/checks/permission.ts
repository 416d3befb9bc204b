import type { App } from '../../app/app.js';
import { permissionFinding } from '../../defender/findings.js';
import type { TokenClaims } from '../../identity/claims.js';
import { type Check, isDefenderAsked } from '../check.js';
import { grantDelegated, grantPermission } from '../commands.js';

/** Whether the token carries Ip.Read.All. */
export const permission: Check = {
  name: 'permission',
  async examine({ app, token }) {
    const look = await token;
    if (!look.ok || !isDefenderAsked(app)) return [];
    const { claims } = look;
    const { isRight, sentence } = permissionFinding(claims);
    if (isRight) return [{ status: 'ok', found: sentence }];
    return [{ status: isRight === undefined ? 'warn' : 'fail', found: sentence, fix: fixOf(app, claims) }];
  },
};

function fixOf({ settings }: App, claims: TokenClaims | undefined): string {
  const { cloud, identity } = settings;
  if (identity.localCredentials === 'azure-cli') {
    // Its application is Microsoft's own, of which nobody can change the permissions.
    return 'LOCAL_CREDENTIALS=environment, with an app registration that has the permission: the Azure CLI can be given none.';
  }
  if (claims?.scopes.length) return grantDelegated(claims.applicationId ?? 'CLIENT_ID');
  return grantPermission(claims?.objectId ?? 'OBJECT_ID', cloud.graphHost);
}
