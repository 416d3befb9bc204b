import type { App } from '../../app/app.js';
import { readIpsPage } from '../../defender/alert-ips.js';
import { defenderApi } from '../../defender/api.js';
import { explain } from '../../upstream/explain.js';
import type { Check, Observation, ProbeLook } from '../check.js';

/** Defender as a source: what its answers have shown so far, and the one call, if the caller asked for it. */
export const defender: Check = {
  name: 'defender',
  async examine({ app, probe }) {
    const look = await probe;
    const warnings = app.warnings().map(({ detail }): Observation => ({ status: 'warn', found: detail }));
    return look ? [judge(app, look), ...warnings] : warnings;
  },
};

function judge({ settings }: App, look: ProbeLook): Observation {
  if (!look.ok) return { status: 'fail', found: look.error.message };
  const { outcome, claims } = look;
  if (outcome.kind === 'not-found') {
    const found =
      'Defender answered 404 in its own words: it does not know this alert. So sign-in and permission are right.';
    return { status: 'ok', found };
  }
  const reading = outcome.kind === 'answered' ? readIpsPage(outcome) : outcome;
  if (reading.kind === 'value') {
    return {
      status: 'ok',
      found: `Defender answered 200, with ${reading.value.ips.length} addresses of this alert.`,
    };
  }
  return {
    status: 'fail',
    found: explain(reading, { api: defenderApi(settings.cloud), claims }, undefined).message,
  };
}
