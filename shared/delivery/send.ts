import type { Agent } from 'node:http';
import type { Clock } from '../base/clock.js';
import { asEnrichmentError } from '../base/errors.js';
import type { AccessToken } from '../identity/token-cache.js';
import { createAgents } from './agents.js';
import { Circuit, type Exchange } from './circuit.js';
import type { Destination } from './destination.js';
import { requestHeaders } from './headers.js';
import { cutShort, noToken } from './judge.js';
import { post } from './post.js';
import type { Outgoing, Send } from './sending.js';

/** What sending needs of the app. */
export interface Sender {
  readonly clock: Clock;
  readonly userAgent: string;
  /** The app's own token for a scope. */
  readonly ownToken: (scope: string, signal: AbortSignal) => Promise<AccessToken>;
}

/** Sends over connections of its own, and spares receivers that fail again and again. */
export function createSend(sender: Sender): Send {
  const agentOf = createAgents();
  const circuits = new Map<string, Circuit>();
  return (destination, outgoing, signal = new AbortController().signal) => {
    const circuit = circuits.get(destination.name) ?? new Circuit(sender.clock);
    circuits.set(destination.name, circuit);
    return circuit.run(destination.timeoutMs, () =>
      attempt(sender, agentOf(destination), destination, outgoing, signal),
    );
  };
}

async function attempt(
  { clock, userAgent, ownToken }: Sender,
  agent: Agent,
  destination: Destination,
  outgoing: Outgoing,
  signal: AbortSignal,
): Promise<Exchange> {
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
  return post({ clock, agent, destination, headers, body: outgoing.body }, signal);
}
