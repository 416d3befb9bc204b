import { permissionFinding } from '../../defender/findings.js';
import type { Check } from '../check.js';
import { grantDelegated, grantPermission } from '../commands.js';

/** Whether the token carries Ip.Read.All. */
export const permission: Check = {
  name: 'permission',
  async examine({ app, token }) {
    const look = await token;
    if (!look.ok) return [];
    const { claims } = look;
    const { isRight, sentence } = permissionFinding(claims);
    if (isRight) return [{ status: 'ok', found: sentence }];
    const fix = claims?.scopes.length
      ? grantDelegated(claims.applicationId ?? 'CLIENT_ID')
      : grantPermission(claims?.objectId ?? 'OBJECT_ID', app.settings.cloud.authorityHost);
    return [{ status: isRight === undefined ? 'warn' : 'fail', found: sentence, fix }];
  },
};
