import type { Answer } from './exchange.js';
import type { Instance } from './fleet.js';
import { eventually } from './polling.js';

/** An alert that was not looked up, and the type of the problem why. */
interface Failed {
  readonly alertId: string;
  readonly type: string;
}

/**
 * Looks alerts up as a caller does who comes back until nothing but the quota stands against it: a busy
 * machine can be too slow for its storage, which is a 503.
 */
export function lookUp(instance: Instance, alertIds: readonly string[]) {
  let left = alertIds;
  let found = 0;
  return eventually(async () => {
    const answer = await instance.enrich({ alertIds: left }, '?wait=20');
    const failed = failedOf(answer, left);
    found += left.length - failed.length;
    left = failed.map(({ alertId }) => alertId);
    return failed.every(({ type }) => type.endsWith(':quota-exhausted'))
      ? { found, refused: failed.length, answer }
      : undefined;
  });
}

function failedOf({ status, json }: Answer, alertIds: readonly string[]): readonly Failed[] {
  if (status === 200) {
    return json.enrichment.alerts
      .filter(({ status }: { status: string }) => status === 'failed')
      .map(({ alertId, error }: { alertId: string; error: Failed }) => ({ alertId, type: error.type }));
  }
  return json.failedAlerts ?? alertIds.map((alertId) => ({ alertId, type: json.type }));
}
