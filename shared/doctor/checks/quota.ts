import type { QuotaView } from '../../quota/ledger.js';
import type { Check, Observation } from '../check.js';
import { setSettings } from '../commands.js';

/** Less of the hour than this is left: the next rush will wait. */
const SCARCE = 0.1;

/** How much of the limits is used, and whether Defender asked for a pause. */
export const quota: Check = {
  name: 'quota',
  async examine({ app }) {
    const own = observe('', app.quota.view());
    const others = Object.entries(app.quotas ?? {})
      .slice(1)
      .map(([name, quota]) => observe(`Of ${name}: `, quota.view()));
    const users = app.delegation ? [observe('On behalf of users: ', app.delegation.quota.view())] : [];
    return [own, ...others, ...users];
  },
};

function observe(whose: string, { minute, hour, pausedUntil }: QuotaView): Observation {
  const longest = hour ?? minute;
  const ofHour = hour ? ` and ${hour.limit - hour.remaining} of ${hour.limit} of this hour` : '';
  const used = `${whose}${minute.limit - minute.remaining} of ${minute.limit} calls of this minute${ofHour} are used.`;
  return pausedUntil ? paused(used, pausedUntil) : counted(used, longest.remaining / longest.limit);
}

function paused(used: string, until: string): Observation {
  return {
    status: 'warn',
    found: `${used} The source asked for a pause until ${until}, since its own count is higher.`,
    fix:
      `Find out what else uses this identity for it, and give it an identity of its own; or lower this app's ` +
      `share: ${setSettings({ QUOTA_PER_MINUTE: 'N', QUOTA_PER_HOUR: 'N' })}`,
  };
}

function counted(found: string, left: number): Observation {
  if (left > SCARCE) return { status: 'ok', found };
  return {
    status: 'warn',
    found,
    fix: 'Wait for the hour to pass; post each alert once, and not on every update.',
  };
}
