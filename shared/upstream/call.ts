import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import fetch, { FetchError } from 'node-fetch';
import type { Clock } from '../base/clock.js';
import { runWithin } from '../base/deadline.js';
import type { Emit } from '../base/telemetry-event.js';
import { networkFailure, parseHttpDate } from '../base/web.js';
import type { Api } from './api.js';
import type { Outcome } from './outcome.js';
import { isSuccess, readAnswer, withoutToken } from './wire.js';

/** The longest that one call may take, connection and body included. */
const CALL_TIMEOUT_MS = 10_000;
/** After decompression. 100,000 addresses are about 3 MB; real answers are a few kB. */
const LARGEST_ANSWER_BYTES = 10 * 1024 * 1024;

/** What is asked. */
export interface Question {
  readonly url: string;
  /**
   * The path with `{id}` or `{ip}` for what is asked about: an address is part of a payload, and is not
   * reported.
   */
  readonly route: string;
  readonly alertId?: string;
}

/** Makes one call and says what became of it. Rejects with the signal's reason when that is aborted. */
export type Call = (question: Question, token: string, signal: AbortSignal) => Promise<Outcome>;

/** A caller over kept-alive connections of its own. */
export function createCall(
  clock: Clock,
  userAgent: string,
  upstreamClock: UpstreamClock,
  api: Pick<Api, 'title' | 'headers' | 'hasPartialAnswers'>,
): Call {
  const agents = {
    'http:': new HttpAgent({ keepAlive: true }),
    'https:': new HttpsAgent({ keepAlive: true }),
  };
  const agent = (url: URL) => (url.protocol === 'https:' ? agents['https:'] : agents['http:']);
  return async ({ url }, token, signal) => {
    const timedOut = new Error('one attempt took too long');
    try {
      return await runWithin(
        clock,
        CALL_TIMEOUT_MS,
        () => timedOut,
        (attempt) =>
          exchange(clock, { url, token, userAgent, agent, upstreamClock, api, signal: attempt.signal }),
        signal,
      );
    } catch (error) {
      signal.throwIfAborted();
      return error === timedOut ? { kind: 'timed-out', status: undefined } : describe(error);
    }
  };
}

/** A caller that emits a telemetry event for each call that has ended, and none for one that was given up. */
export function withTelemetry(call: Call, source: string, clock: Clock, emit: Emit): Call {
  return async (question, token, signal) => {
    const startedAtMs = clock.epochMs();
    const beganMs = clock.monotonicMs();
    const outcome = await call(question, token, signal);
    const { url, route, alertId } = question;
    emit({
      kind: 'upstream-call',
      source,
      origin: new URL(url).origin,
      route,
      alertId,
      outcome: outcome.kind,
      status: outcome.status,
      startedAtMs,
      durationMs: clock.monotonicMs() - beganMs,
    });
    return outcome;
  };
}

interface Exchange {
  readonly url: string;
  readonly token: string;
  readonly userAgent: string;
  readonly agent: (url: URL) => HttpAgent;
  readonly upstreamClock: UpstreamClock;
  readonly api: Pick<Api, 'title' | 'headers' | 'hasPartialAnswers'>;
  readonly signal: AbortSignal;
}

async function exchange(clock: Clock, exchanged: Exchange): Promise<Outcome> {
  const { url, token, userAgent, agent, upstreamClock, api, signal } = exchanged;
  const response = await fetch(url, {
    headers: {
      ...api.headers,
      Authorization: `Bearer ${token}`,
      Accept: 'application/json',
      'User-Agent': userAgent,
    },
    redirect: 'manual',
    size: LARGEST_ANSWER_BYTES,
    signal,
    agent,
  });
  // node-fetch emits an abort as an error of the body; without a listener it would end the process.
  response.body?.on('error', () => {});
  const { status, headers } = response;
  upstreamClock.observe(headers.get('date'), clock.epochMs());
  const text = response.text();
  // The status alone says what went wrong: a requested pause counts even if the body is cut off.
  const said = isSuccess(status) ? await text : await text.catch(() => '');
  const answer = {
    status,
    retryAfter: headers.get('retry-after'),
    date: headers.get('date'),
    contentType: headers.get('content-type'),
    warning: headers.get('warning'),
    body: withoutToken(said, token, status),
  };
  return readAnswer(answer, clock.epochMs(), api);
}

function describe(error: unknown): Outcome {
  if (!(error instanceof FetchError)) throw error; // not the network's fault: a bug of the app
  if (error.type === 'max-size') return { kind: 'too-large', status: undefined };
  const code = error.code ?? 'PREMATURE_CLOSE';
  switch (networkFailure(code)) {
    case 'malformed':
      return { kind: 'malformed', status: undefined, what: `an answer that cannot be read (${code})` };
    case 'untrusted':
      return { kind: 'untrusted', status: undefined, code };
    case 'unreachable':
      return { kind: 'unreachable', status: undefined, code, wasSent: !isNeverSent(code, error) };
  }
}

/**
 * What ends a connection before it is there. Of several addresses tried, Node's error names the first one's
 * code.
 */
const NO_CONNECTION = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'];

/**
 * Whether a call provably never left this machine: its name was not resolved, or no connection was made. A
 * code alone does not prove it, since some can end a connection that was there: then the system call is
 * another one.
 */
export function isNeverSent(code: string, error: Error): boolean {
  const { erroredSysCall } = error as { erroredSysCall?: string }; // node-fetch's, missing in its types
  if (erroredSysCall !== undefined) return ['connect', 'getaddrinfo'].includes(erroredSysCall);
  return NO_CONNECTION.includes(code);
}

/** How far the upstream's clock is from this machine's, by the `Date` headers of its answers. */
export class UpstreamClock {
  #aheadMs: number | undefined;

  /** Milliseconds by which the upstream's clock is ahead, by its last answer; undefined before the first. */
  get aheadMs(): number | undefined {
    return this.#aheadMs;
  }

  /** @param nowMs this machine's calendar time as the answer came */
  observe(date: string | null, nowMs: number): void {
    const sentMs = date === null ? undefined : parseHttpDate(date);
    // Dates have whole seconds: half of one is the best guess of what was cut off.
    if (sentMs !== undefined) this.#aheadMs = sentMs + 500 - nowMs;
  }
}
