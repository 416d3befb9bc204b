import { asEnrichmentError } from '../../base/errors.js';
import type { Check } from '../check.js';
import { listFederated } from '../commands.js';

/** Whether Entra takes this app's identity for the app registration: all of as=user but the user. */
export const delegation: Check = {
  name: 'delegation',
  async examine({ app }, signal) {
    const registration = app.settings.delegation;
    if (!app.delegation || !registration) {
      return [
        {
          status: 'ok',
          found: 'Asking on behalf of users (as=user) is off: DELEGATED_CLIENT_ID is not set.',
        },
      ];
    }
    try {
      await app.delegation.proveRegistration(signal);
      const found = `Entra accepts this app's identity as the app registration ${registration.clientId}.`;
      return [{ status: 'ok', found }];
    } catch (error) {
      const { kind, message: found } = asEnrichmentError(error);
      // Whether the authority is down, or the app has no identity, is in the message and in other checks.
      if (kind !== 'delegation-refused') return [{ status: 'fail', found }];
      return [{ status: 'fail', found, fix: listFederated(registration.clientId) }];
    }
  },
};
