import type { Agent } from 'node:http';
import fetch, { FetchError } from 'node-fetch';
import type { Clock } from '../base/clock.js';
import { runWithin } from '../base/deadline.js';
import type { Exchange } from './circuit.js';
import type { Destination } from './destination.js';
import { cutShort, judgeAnswer, judgeError, timedOut } from './judge.js';

/** One request. */
export interface Post {
  readonly clock: Clock;
  readonly agent: Agent;
  readonly destination: Destination;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer that is read to its end leaves its connection to the next request. Receivers say a few words. */
const LARGEST_ANSWER_BYTES = 64 * 1024;

/** Makes the request. The answer's status is what counts, even if the rest of the answer never comes. */
export async function post(request: Post, signal: AbortSignal): Promise<Exchange> {
  const { clock, destination } = request;
  const tooLate = new Error('the receiver did not answer in time');
  let answered: Exchange | undefined;
  const exchange = async (attemptSignal: AbortSignal): Promise<Exchange> => {
    const { status, headers, body } = await ask(request, attemptSignal);
    const answer = { status, retryAfter: headers.get('retry-after'), date: headers.get('date') };
    answered = judgeAnswer(destination, answer, clock.epochMs());
    await drain(body);
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
    return judgeError(destination, error.code ?? 'PREMATURE_CLOSE', error.message);
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
