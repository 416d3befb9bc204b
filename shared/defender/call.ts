import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import fetch, { FetchError } from 'node-fetch';
import type { Clock } from '../base/clock.js';
import { runWithin } from '../base/deadline.js';
import { networkFailure } from '../base/web.js';
import type { Outcome } from './outcome.js';
import type { UpstreamClock } from './upstream-clock.js';
import { readAnswer } from './wire.js';

/** The longest that one call may take, connection and body included. */
const CALL_TIMEOUT_MS = 10_000;
/** After decompression. 100,000 addresses are about 3 MB; real answers are a few kB. */
const LARGEST_ANSWER_BYTES = 10 * 1024 * 1024;

/** Makes one call and says what became of it. Rejects with the signal's reason when that is aborted. */
export type Call = (url: string, token: string, signal: AbortSignal) => Promise<Outcome>;

/** A caller over kept-alive connections of its own. */
export function createCall(clock: Clock, userAgent: string, upstreamClock: UpstreamClock): Call {
  const agents = {
    'http:': new HttpAgent({ keepAlive: true }),
    'https:': new HttpsAgent({ keepAlive: true }),
  };
  const agent = (url: URL) => (url.protocol === 'https:' ? agents['https:'] : agents['http:']);
  return async (url, token, signal) => {
    const timedOut = new Error('one attempt took too long');
    try {
      return await runWithin(
        clock,
        CALL_TIMEOUT_MS,
        () => timedOut,
        (attempt) => exchange(clock, { url, token, userAgent, agent, upstreamClock, signal: attempt.signal }),
        signal,
      );
    } catch (error) {
      signal.throwIfAborted();
      return error === timedOut ? { kind: 'timed-out' } : describe(error);
    }
  };
}

interface Exchange {
  readonly url: string;
  readonly token: string;
  readonly userAgent: string;
  readonly agent: (url: URL) => HttpAgent;
  readonly upstreamClock: UpstreamClock;
  readonly signal: AbortSignal;
}

async function exchange(clock: Clock, exchanged: Exchange): Promise<Outcome> {
  const { url, token, userAgent, agent, upstreamClock, signal } = exchanged;
  const response = await fetch(url, {
    headers: { Authorization: `Bearer ${token}`, Accept: 'application/json', 'User-Agent': userAgent },
    redirect: 'manual',
    size: LARGEST_ANSWER_BYTES,
    signal,
    agent,
  });
  // node-fetch emits an abort as an error of the body; with nobody listening it would end the process.
  response.body?.on('error', () => {});
  const { status, headers } = response;
  upstreamClock.observe(headers.get('date'), clock.epochMs());
  const text = response.text();
  // What went wrong, the status says: a pause that is asked for counts, though the words for it are cut off.
  const said = status === 200 ? await text : await text.catch(() => '');
  // Some proxies show a request's headers in their error pages; what is read here may be shown on.
  const body = said.replaceAll(token, '***');
  return readAnswer(
    { status, retryAfter: headers.get('retry-after'), date: headers.get('date'), body },
    clock.epochMs(),
  );
}

function describe(error: unknown): Outcome {
  if (!(error instanceof FetchError)) throw error; // no fault of the network: one of ours
  if (error.type === 'max-size') return { kind: 'too-large' };
  const code = error.code ?? 'PREMATURE_CLOSE';
  const kind = networkFailure(code);
  return kind === 'malformed' ? { kind, what: `an answer that cannot be read (${code})` } : { kind, code };
}
