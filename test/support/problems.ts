import { expect } from '@jest/globals';
import type { Answer } from './exchange.js';

/**
 * R: a problem with a request id, and the whole seconds after which asking again is worth while.
 * @returns the seconds
 */
export function expectRetryLater(answer: Answer, status: 429 | 503 | 504, kind: string): number {
  expectProblem(answer, status, kind);
  expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  return Number(answer.headers['retry-after']);
}

/** A problem that somebody has to mend: it names no time at which to come back. */
export function expectMendable(answer: Answer, status: number, kind: string): void {
  expectProblem(answer, status, kind);
  expect(answer.headers).not.toHaveProperty('retry-after');
}

function expectProblem({ status, headers, json }: Answer, expected: number, kind: string): void {
  expect({ status, type: json?.type }).toEqual({
    status: expected,
    type: `urn:problem:alert-ip-enrichment:${kind}`,
  });
  expect(headers['content-type']).toBe('application/problem+json');
  expect(json).toMatchObject({ status: expected, title: expect.any(String), detail: expect.any(String) });
  expect(json.requestId).toMatch(/^[0-9a-f-]{36}$/);
}

/** D: 200, the alert as posted, and the lookup failed for a reason. */
export function expectDegraded({ status, json }: Answer, posted: unknown, kind: string): void {
  expect(status).toBe(200);
  expect(json.alert).toEqual(posted);
  expect(json.enrichment).toMatchObject({
    status: 'failed',
    ips: [],
    alerts: [{ status: 'failed', ips: [], error: { type: `urn:problem:alert-ip-enrichment:${kind}` } }],
  });
}
