// PROVISIONAL, to be replaced at the merge: takes what is right, and says little of what is wrong.
import { FORMATS } from '../formats/index.js';
import type { SettingProblem } from '../setting-problem.js';
import type { Destination } from './destination.js';

const SCHEDULE_SECONDS = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];

interface Given {
  readonly url?: string;
  readonly urlSetting?: string;
  readonly format?: string;
  readonly auth?: { readonly type: string; readonly secretSettings?: readonly string[] };
  readonly timeoutSeconds?: number;
  readonly scheduleSeconds?: readonly number[];
  readonly allowPrivateHost?: boolean;
}

export function parseDestinations(
  json: string | undefined,
  text: (setting: string) => string | undefined,
): { readonly destinations: readonly Destination[]; readonly problems: readonly SettingProblem[] } {
  try {
    const destinations = Object.entries<Given>(JSON.parse(json ?? '{}')).map(([name, given]): Destination => {
      const { auth = { type: 'none' }, timeoutSeconds = 15, scheduleSeconds = SCHEDULE_SECONDS } = given;
      const secrets = (auth.secretSettings ?? []).map((setting) => text(setting) ?? '');
      return {
        name,
        url: new URL(given.url ?? text(given.urlSetting ?? '') ?? '').href,
        format: FORMATS.find((one) => one.name === given.format) ?? FORMATS[0],
        auth: auth.type === 'standard-webhooks' ? { type: auth.type, secrets } : { type: 'none' },
        timeoutMs: timeoutSeconds * 1000,
        scheduleMs: scheduleSeconds.map((seconds) => seconds * 1000),
        allowPrivateHost: given.allowPrivateHost === true,
      };
    });
    return { destinations, problems: [] };
  } catch {
    return { destinations: [], problems: [{ setting: 'FORWARD_DESTINATIONS', message: 'is not usable' }] };
  }
}
