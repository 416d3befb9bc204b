import type { App } from '../../app/app.js';
import { withDeadline } from '../../base/deadline.js';
import { asEnrichmentError, DeadlineError } from '../../base/errors.js';
import type { SourceAnswer } from '../../lookup/source.js';
import type { Check, Observation } from '../check.js';

/** Calls that are made without the caller having said so. */
const UNASKED_CALLS = 20;
/** Shorter than a check may take. */
const COMPARE_MS = 18_000;
/** Addresses that are shown of one difference. */
const MOST_SHOWN = 10;

/**
 * Whether the sources say the same of the alert that is named, and of those that were looked up last. Answers
 * in a cache cost no call.
 */
export const compare: Check = {
  name: 'compare',
  async examine({ app, asked }, signal) {
    const { compare: wanted, spend = UNASKED_CALLS, probe } = asked;
    if (wanted === undefined) return [];
    const { each, recent } = app.sources;
    if (each.length < 2) {
      return [{ status: 'warn', found: 'There is one source only: nothing to compare it with.', fix: ADD }];
    }
    const named = probe === undefined ? [] : [probe];
    const alertIds = [...new Set([...named, ...recent()])].slice(0, wanted);
    if (alertIds.length === 0) {
      return [
        {
          status: 'warn',
          found:
            'This instance has answered about no alert since it was started, so there is nothing to compare.',
          fix: 'Post some alerts to the app, then ask it: GET /api/doctor?compare=N. Or name an alert: probe=ALERTID&compare=1',
        },
      ];
    }
    const calls = alertIds.length * each.length;
    if (calls > spend) {
      return [
        {
          status: 'warn',
          found:
            `Comparing ${each.length} sources by ${alertIds.length} alerts can take up to ${calls} calls, ` +
            `${alertIds.length} of each source's quota. None was made.`,
          fix: `Ask again with spend=${calls}, or with fewer alerts: compare=${Math.max(1, Math.floor(spend / each.length))}`,
        },
      ];
    }
    const told = await Promise.all(alertIds.map((alertId) => compareOne(app, alertId, signal)));
    const differing = told.filter((one) => one !== undefined);
    const same = `${told.length - differing.length} of ${told.length} alerts have the same addresses in both.`;
    return [
      { status: 'ok', found: same },
      ...differing.map((found): Observation => ({ status: 'ok', found })),
    ];
  },
};

const ADD = 'Set IP_SOURCES=defender,graph in the settings of the function app.';

/** What differs; undefined where nothing does. */
async function compareOne(app: App, alertId: string, signal: AbortSignal): Promise<string | undefined> {
  const answers = await Promise.all(
    app.sources.each.map(async ({ title, lookup }) => {
      const late = () => new DeadlineError('it did not answer in time');
      const asked = withDeadline(app.clock, COMPARE_MS, late, (by) => lookup.find(alertId, by), signal);
      return asked.then(
        ({ answer }) => ({ title, answer }),
        (error) => ({ title, error: asEnrichmentError(error).message }),
      );
    }),
  );
  const differences = differencesOf(answers);
  return differences.length === 0 ? undefined : `${alertId}: ${differences.join('; ')}.`;
}

/** What one source said of an alert, or why it said nothing. */
export type Said = { readonly title: string } & (
  | { readonly answer: SourceAnswer }
  | { readonly error: string }
);

/** How sources differ about an alert, in words. Pure. */
export function differencesOf(all: readonly Said[]): string[] {
  const answered = all.flatMap((one) => ('answer' in one ? [one] : []));
  return all.flatMap((one) => {
    if ('error' in one) return [`${one.title} did not say (${one.error})`];
    const { title, answer } = one;
    if (answer.status === 'not_found') {
      return answered.every((other) => other.answer.status === 'not_found')
        ? []
        : [`${title} does not know it`];
    }
    const others = answered.filter((other) => other !== one && other.answer.status !== 'not_found');
    if (others.length === 0) return [];
    const elsewhere = new Set(others.flatMap((other) => other.answer.ips));
    const ofDevices = new Set(others.flatMap((other) => other.answer.own ?? []));
    const only = answer.ips.filter((ip) => !elsewhere.has(ip) && !ofDevices.has(ip));
    const own = answer.ips.filter((ip) => !elsewhere.has(ip) && ofDevices.has(ip));
    return [
      ...(only.length > 0 ? [`only ${title} has ${shown(only)}`] : []),
      ...(own.length > 0 ? [`${title} has ${shown(own)}, which elsewhere is a device's own`] : []),
    ];
  });
}

function shown(ips: readonly string[]): string {
  const more = ips.length > MOST_SHOWN ? ` and ${ips.length - MOST_SHOWN} more` : '';
  return `${ips.slice(0, MOST_SHOWN).join(', ')}${more}`;
}
