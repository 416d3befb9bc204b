// PROVISIONAL, to be replaced at the merge: the least that sends on a real socket. No circuit, no SSRF
// filter, no cap, no managed identity.
import { createHmac } from 'node:crypto';
import fetch from 'node-fetch';
import type { Clock } from '../clock.js';
import { runWithin } from '../deadline.js';
import { parseRetryAfter } from '../defender/retry-after.js';
import type { Destination } from './destination.js';
import type { Outgoing, Send } from './sending.js';

export function createSend({ clock }: { readonly clock: Clock }): Send {
  return async (destination, outgoing, signal) => {
    try {
      return await runWithin(
        clock,
        destination.timeoutMs,
        () => new Error('time-out'),
        async (attempt) => {
          const response = await fetch(destination.url, {
            method: 'POST',
            redirect: 'manual',
            headers: headers(clock, destination, outgoing),
            body: outgoing.body,
            signal: attempt.signal,
          });
          response.body?.on('error', () => {});
          const { status } = response;
          if (response.ok) return { kind: 'delivered', status };
          const reason = `The receiver answered ${status}.`;
          if (status === 410) return { kind: 'gone', status, reason };
          const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), null, clock.epochMs());
          return { kind: 'failed', status, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
        },
        signal,
      );
    } catch {
      signal?.throwIfAborted();
      return { kind: 'failed', reason: 'The receiver did not answer in time, or could not be reached.' };
    }
  };
}

function headers(clock: Clock, { auth }: Destination, { id, body, contentType, traceparent }: Outgoing) {
  const timestamp = String(Math.floor(clock.epochMs() / 1000));
  const signatures =
    auth.type === 'standard-webhooks'
      ? auth.secrets.map((secret) => {
          const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
          return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
        })
      : [];
  return {
    'content-type': contentType,
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    ...(signatures.length > 0 ? { 'webhook-signature': signatures.join(' ') } : {}),
    ...(traceparent ? { traceparent } : {}),
  };
}
