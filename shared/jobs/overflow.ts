import { RequestError } from '../base/errors.js';
import { inTurns } from '../base/steps.js';
import { alertIdsIn, type LookedUp, type Posted } from '../enrichment/enrich.js';
import type { LookupResult } from '../enrichment/result.js';
import { findingAlerts } from '../payload/references.js';
import type { Answers } from './answers.js';

/** What waiting mends, however long: no permit, or no answer, before the caller's time was up. */
const OVERFLOWS: readonly string[] = ['quota-exhausted', 'deadline-exceeded'];

/** Whether some of a request could not be done in its time, and a job can. */
export function isOverflowing({ results }: LookedUp): boolean {
  return [...results.values()].some((result) => !result.ok && OVERFLOWS.includes(result.error.kind));
}

/**
 * A request of which nothing has been done.
 * @throws {RequestError} when there is nothing to look up in it: that is told at once, not by a job
 */
export async function nothingLookedUp({ payload }: Posted): Promise<LookedUp> {
  return { references: await inTurns(findingAlerts(payload)), results: new Map() };
}

/** The answers that there are, by the place of their alert among those to be looked up. */
export function answersByPlace({ references, results }: LookedUp): Answers {
  const answered = alertIdsIn(references).flatMap((alertId, index) => {
    const result: LookupResult | undefined = results.get(alertId);
    return result?.ok ? [[index, result.found] as const] : [];
  });
  return new Map(answered);
}

/** What a caller is told who wants a job where nothing is stored. */
export function withoutStorage(): RequestError {
  return new RequestError(
    'option-not-available',
    'mode=async makes a job, and jobs need storage: STATE_STORAGE is "memory". Name a storage connection there, ' +
      'or post with mode=sync.',
  );
}
