import type { QuotaView } from '../../quota/ledger.js';
import type { Check, Observation } from '../check.js';
import { setSettings, withNote } from '../commands.js';

/** With less than this part of the hour left, the next burst has to wait. */
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
    found:
      `${used} Defender asked for a pause until ${until}, and requests get a 429 until then. Defender counts more calls of ` +
      'this identity than this app has made: another app uses the same identity.',
    fix: SHARE_QUOTA,
  };
}

/** What to do when another app uses the same identity. */
export const SHARE_QUOTA = withNote(
  setSettings({ QUOTA_PER_MINUTE: 'N', QUOTA_PER_HOUR: 'N' }),
  'N: the part of the limits that is for this app. Better: give each app an identity of its own, since Defender counts by identity',
);

function counted(found: string, left: number): Observation {
  if (left > SCARCE) return { status: 'ok', found };
  return {
    status: 'warn',
    found,
    fix: 'Wait for the hour to pass. Post each alert once, and not at every update.',
  };
}
