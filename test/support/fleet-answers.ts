import { expect } from '@jest/globals';
import type { Answer } from './exchange.js';

/** How many alerts of some answers were found, and how many were not looked up. */
export function counts(answers: readonly Answer[]) {
  const alerts: { status: string }[] = answers.flatMap(({ json }) => json.enrichment?.alerts ?? []);
  const refused = answers.flatMap(({ json }) => json.failedAlerts ?? []).length;
  const found = alerts.filter(({ status }) => status === 'found').length;
  return { found, refused: refused + alerts.filter(({ status }) => status === 'failed').length };
}

/** An R: what is wrong, and when to come back. */
export function expectRetry(answer: Answer, status: number): number {
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const seconds = Number(answer.headers['retry-after']);
  expect(Number.isInteger(seconds) && seconds > 0).toBe(true);
  return seconds;
}
