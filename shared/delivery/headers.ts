import { Webhook } from 'standardwebhooks';
import type { DestinationAuth } from './destination.js';
import type { Outgoing } from './sending.js';

/** What a request's headers are made of, beside the body. */
export interface Occasion {
  readonly userAgent: string;
  /** Calendar time of this attempt. */
  readonly nowMs: number;
  /** Of the managed identity, where the destination wants one. */
  readonly token: string | undefined;
}

/**
 * The headers of one attempt. `webhook-id` and `webhook-timestamp` always go along, whatever the receiver knows us
 * by: it tells repetitions by the id
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
 */
export function requestHeaders(
  outgoing: Outgoing,
  auth: DestinationAuth,
  { userAgent, nowMs, token }: Occasion,
): Record<string, string> {
  return {
    'Content-Type': outgoing.contentType,
    'User-Agent': userAgent,
    'webhook-id': outgoing.id,
    'webhook-timestamp': String(Math.floor(nowMs / 1000)),
    ...(outgoing.traceparent === undefined ? {} : { traceparent: outgoing.traceparent }),
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...proof(outgoing, auth, nowMs),
  };
}

function proof({ id, body }: Outgoing, auth: DestinationAuth, nowMs: number): Record<string, string> {
  switch (auth.type) {
    case 'none':
    case 'managed-identity': // its token is the proof
      return {};
    case 'header':
      return { [auth.header]: auth.value };
    case 'standard-webhooks': {
      const signatures = auth.secrets.map((secret) => new Webhook(secret).sign(id, new Date(nowMs), body));
      return { 'webhook-signature': signatures.join(' ') };
    }
  }
}
