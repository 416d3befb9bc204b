import type { ServerResponse } from 'node:http';
import { expect } from '@jest/globals';
import type { Intercept } from '../../local/intercept.js';
import type { Answer } from '../support/exchange.js';

/** What a faulty server answers. */
export interface Fault {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** The first requests get these answers, one each; what comes after is the stand-in's own business. */
export function first(...faults: readonly Fault[]): Intercept {
  const left = [...faults];
  return (_request, response) => {
    const fault = left.shift();
    if (fault) send(response, fault);
    return fault !== undefined;
  };
}

/** Every request gets this answer. */
export function always(fault: Fault): Intercept {
  return (_request, response) => {
    send(response, fault);
    return true;
  };
}

function send(response: ServerResponse, { status, headers, body = '' }: Fault): void {
  // Without its own Date, unless the test gives one: the server's calendar is the real one.
  response.sendDate = false;
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

/** An error in Defender's form, with a correlation id. */
export function upstreamError(
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): Fault {
  const body = JSON.stringify({ error: { code, message: `It was ${code}.`, target: 'correlation-0815' } });
  return { status, headers: { 'content-type': 'application/json', ...headers }, body };
}

/** The API's own answer. */
export function ipsAnswer(...ids: readonly unknown[]): Fault {
  return { status: 200, body: JSON.stringify({ value: ids.map((id) => ({ id })) }) };
}

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
