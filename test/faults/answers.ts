import type { ServerResponse } from 'node:http';
import type { Intercept } from '../../local/intercept.js';

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
