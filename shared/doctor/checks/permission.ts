import type { Settings } from '../../app/settings.js';
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
    return [
      {
        status: isRight === undefined ? 'warn' : 'fail',
        found: sentence,
        fix: permissionFix(app.settings, claims),
      },
    ];
  },
};

/** What gives the permission to whom the token belongs. */
export function permissionFix({ cloud, identity }: Settings, claims: TokenClaims | undefined): string {
  if (identity.localCredentials === 'azure-cli') {
    // Its application is Microsoft's own: nobody else can change its permissions.
    return 'Set LOCAL_CREDENTIALS=environment and use an app registration that has the permission: the Azure CLI cannot get it.';
  }
  if (claims?.scopes.length) return grantDelegated(claims.applicationId ?? 'CLIENT_ID');
  return grantPermission(claims?.objectId ?? 'OBJECT_ID', cloud.graphHost);
}
