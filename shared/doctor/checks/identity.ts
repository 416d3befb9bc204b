import type { Settings } from '../../app/settings.js';
import type { EnrichmentError } from '../../base/errors.js';
import type { Check, Observation } from '../check.js';
import { ASSIGN_SYSTEM_IDENTITY, RESTART, SET_CLOUD, setClientId, withNote } from '../commands.js';

/** Whether the app gets a token, and whose. */
export const identity: Check = {
  name: 'identity',
  async examine({ app, token }) {
    const { identity: settings } = app.settings;
    const look = await token;
    if (!look.ok) return [failed(settings, look.error)];
    const { applicationId, objectId, tenantId } = look.claims ?? {};
    const found = look.claims
      ? `Signed in as ${kindOf(settings)}: application ${applicationId ?? 'unknown'}, object id ${objectId ?? 'unknown'}, tenant ${tenantId ?? 'unknown'}.`
      : `Signed in as ${kindOf(settings)}; the token cannot be read here, so it is not known whose it is.`;
    return [{ status: 'ok', found }];
  },
};

function kindOf({ localCredentials, clientId }: Settings['identity']): string {
  if (localCredentials) return `LOCAL_CREDENTIALS=${localCredentials} says`;
  return clientId ? 'the user-assigned identity in AZURE_CLIENT_ID' : 'the system-assigned identity';
}

function failed({ localCredentials, endpoint }: Settings['identity'], error: EnrichmentError): Observation {
  const fix = localCredentials ? SIGN_IN[localCredentials] : fixOf(endpoint, error);
  return { status: 'fail', found: error.message, fix };
}

/** How to sign in outside Azure. */
const SIGN_IN = {
  'azure-cli': 'az login',
  environment:
    'Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH) to those of an app ' +
    'registration that has the permission.',
};

function fixOf(endpoint: string | undefined, { kind, upstream }: EnrichmentError): string {
  if (kind === 'identity-unavailable') return RESTART;
  if (upstream) return SET_CLOUD;
  if (endpoint) return setClientId('AZURE_CLIENT_ID');
  return withNote(ASSIGN_SYSTEM_IDENTITY, 'or in the portal: the function app, Settings, Identity');
}
