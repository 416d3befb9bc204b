import { createHmac } from 'node:crypto';
import type { Agent } from 'node:http';
import fetch, { FetchError } from 'node-fetch';
import type { Clock } from '../base/clock.js';
import { runWithin } from '../base/deadline.js';
import { asEnrichmentError } from '../base/errors.js';
import { createAgents } from './agents.js';
import type { Destination, DestinationAuth } from './destination.js';
import type { Attempt, Outgoing, Sender } from './send.js';
import { cutShort, judgeAnswer, judgeError, noToken, timedOut } from './verdict.js';

/** One request. */
interface Post {
  readonly clock: Clock;
  readonly agent: Agent;
  readonly destination: Destination;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer that is read to its end leaves its connection to the next request. Receivers say a few words. */
const LARGEST_ANSWER_BYTES = 64 * 1024;
/**
 * For so long the rest of an answer is waited for, once its status is known. A choice: a new connection costs
 * less, and a receiver that never ends its answers is not to be taken for a slow one (`SLOW_MS` in slots.ts).
 */
const LONGEST_DRAIN_MS = 500;

/** Makes requests over connections of its own. */
export function createPoster({ clock, userAgent, ownToken }: Omit<Sender, 'emit' | 'random'>) {
  const agentOf = createAgents();
  return async (destination: Destination, outgoing: Outgoing, signal: AbortSignal): Promise<Attempt> => {
    const { auth } = destination;
    let token: string | undefined;
    if (auth.type === 'managed-identity') {
      try {
        token = (await ownToken(auth.scope, signal)).token;
      } catch (error) {
        return signal.aborted ? cutShort(destination) : noToken(auth.scope, asEnrichmentError(error));
      }
    }
    const headers = requestHeaders(outgoing, auth, { userAgent, nowMs: clock.epochMs(), token });
    return post({ clock, agent: agentOf(destination), destination, headers, body: outgoing.body }, signal);
  };
}

/** Makes the request. The answer's status is what counts, even if the rest of the answer never comes. */
async function post(request: Post, signal: AbortSignal): Promise<Attempt> {
  const { clock, destination } = request;
  const tooLate = new Error('the receiver did not answer in time');
  let answered: Attempt | undefined;
  const exchange = async (attemptSignal: AbortSignal): Promise<Attempt> => {
    const { status, headers, body } = await ask(request, attemptSignal);
    const answer = { status, retryAfter: headers.get('retry-after'), date: headers.get('date') };
    answered = judgeAnswer(destination, answer, clock.epochMs());
    await runWithin(
      clock,
      LONGEST_DRAIN_MS,
      () => tooLate,
      () => drain(body),
      attemptSignal,
    );
    return answered;
  };
  try {
    return await runWithin(
      clock,
      destination.timeoutMs,
      () => tooLate,
      (work) => exchange(work.signal),
      signal,
    );
  } catch (error) {
    if (answered) return answered;
    if (error === tooLate) return timedOut(destination);
    if (signal.aborted) return cutShort(destination);
    if (!(error instanceof FetchError)) throw error; // no fault of the network: one of ours
    return judgeError(destination, error.code ?? 'PREMATURE_CLOSE');
  }
}

async function ask({ agent, destination, headers, body }: Post, signal: AbortSignal) {
  const response = await fetch(destination.url, {
    method: 'POST',
    headers: { ...headers },
    body,
    redirect: 'manual',
    compress: false, // nothing of the answer's body is of interest
    signal,
    agent,
  });
  // node-fetch emits an abort as an error of the body; with nobody listening it would end the process.
  response.body?.on('error', () => {});
  return response;
}

/** Reads up to the cap; leaving the loop destroys the stream and with it the connection. */
async function drain(body: AsyncIterable<string | Buffer> | null): Promise<void> {
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > LARGEST_ANSWER_BYTES) return;
  }
}

/** What a request's headers are made of, beside the body. */
interface Occasion {
  readonly userAgent: string;
  /** Calendar time of this attempt. */
  readonly nowMs: number;
  /** Of the managed identity, where the destination wants one. */
  readonly token: string | undefined;
}

/**
 * The headers of one attempt. `webhook-id` and `webhook-timestamp` always go along, whatever the receiver
 * authenticates the app by: it knows repetitions by the id
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
 */
function requestHeaders(
  outgoing: Outgoing,
  auth: DestinationAuth,
  { userAgent, nowMs, token }: Occasion,
): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1000));
  return {
    'Content-Type': outgoing.contentType,
    'User-Agent': userAgent,
    'webhook-id': outgoing.id,
    'webhook-timestamp': timestamp,
    ...(outgoing.traceparent === undefined ? {} : { traceparent: outgoing.traceparent }),
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...proof(outgoing, auth, timestamp),
  };
}

function proof({ id, body }: Outgoing, auth: DestinationAuth, timestamp: string): Record<string, string> {
  switch (auth.type) {
    case 'none':
    case 'managed-identity': // its token is the proof
      return {};
    case 'header':
      return { [auth.header]: auth.value };
    case 'standard-webhooks': {
      // What is signed has the time of the header, to the letter.
      const stamp = `${id}.${timestamp}.`;
      const signatures = auth.secrets.map((secret) =>
        createHmac('sha256', Buffer.from(secret, 'base64')).update(stamp).update(body).digest('base64'),
      );
      return { 'webhook-signature': signatures.map((signature) => `v1,${signature}`).join(' ') };
    }
  }
}
