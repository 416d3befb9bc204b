import type { Check } from '../check.js';
import { setSetting } from '../commands.js';

/** Whether there is a place where failures can be seen afterwards. */
export const telemetry: Check = {
  name: 'telemetry',
  async examine({ app }) {
    if (app.settings.hasTelemetry)
      return [{ status: 'ok', found: 'APPLICATIONINSIGHTS_CONNECTION_STRING is set.' }];
    return [
      {
        status: 'warn',
        found:
          'APPLICATIONINSIGHTS_CONNECTION_STRING is not set: what went wrong yesterday cannot be looked up.',
        fix: setSetting('APPLICATIONINSIGHTS_CONNECTION_STRING', 'CONNECTION_STRING'),
      },
    ];
  },
};
