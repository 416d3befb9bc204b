import type { Startup } from '../../app.js';
import type { Observation } from '../check.js';
import { setSetting } from '../commands.js';

/** The settings: one observation for each that is wrong. Without usable ones nothing else can be looked at. */
export function examineSettings(startup: Startup): readonly Observation[] {
  if (!startup.ok) {
    return startup.problems.map(({ setting, message }) => ({
      status: 'fail',
      found: `${setting} ${message}.`,
      fix: setSetting(setting, 'VALUE'),
    }));
  }
  const { apiHost, audience, authorityHost } = startup.app.settings.cloud;
  return [
    {
      status: 'ok',
      found: `All are usable. Defender is asked at ${apiHost}, with tokens for ${audience}; users sign in at ${authorityHost}.`,
    },
  ];
}
