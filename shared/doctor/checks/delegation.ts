import { asEnrichmentError } from '../../errors.js';
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
      const { message } = asEnrichmentError(error);
      return [{ status: 'fail', found: message, fix: listFederated(registration.clientId) }];
    }
  },
};
