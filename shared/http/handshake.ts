import { createHash, timingSafeEqual } from 'node:crypto';
import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { RequestError } from '../base/errors.js';
import { LONGEST_VALIDATION_TOKEN } from '../contract/options.js';
import { member } from '../payload/json.js';

/**
 * The handshakes by which webhook senders make sure, before they send anything, that this address
 * wants to be sent to. All pure: the door decides when to ask them.
 */

/**
 * Microsoft Graph: `POST ?validationToken=…` wants the decoded token back as plain text
 * (https://learn.microsoft.com/graph/change-notifications-delivery-webhooks#notificationurl-validation).
 * @returns undefined when the request is no such handshake
 * @throws {RequestError} when the token is longer than any of Graph's
 */
export function graphHandshake(query: URLSearchParams): HttpResponseInit | undefined {
  const token = query.get('validationToken');
  if (token === null) return undefined;
  if (token.length > LONGEST_VALIDATION_TOKEN) {
    throw new RequestError(
      'invalid-option',
      'The option "validationToken" is longer than any of Microsoft Graph.',
    );
  }
  // As plain text, and not to be taken for anything else: the token is the caller's.
  return {
    status: 200,
    headers: { 'Content-Type': 'text/plain', 'X-Content-Type-Options': 'nosniff' },
    body: token,
  };
}

/**
 * CloudEvents: `OPTIONS` with `WebHook-Request-Origin` asks whether that origin may send
 * (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection).
 * Only configured origins get a yes; without it, a sender stays away.
 *
 * @param perMinute how many requests a minute the sender may make
 */
export function cloudEventsHandshake(
  headers: HttpRequest['headers'],
  allowedOrigins: readonly string[],
  perMinute: number,
): HttpResponseInit {
  const origin = headers.get('webhook-request-origin')?.trim().toLowerCase();
  const allowed = allowedOrigins.find((one) => one === origin);
  const yes = allowed ? { 'WebHook-Allowed-Origin': allowed, 'WebHook-Allowed-Rate': String(perMinute) } : {};
  return { status: 200, headers: { Allow: 'POST, OPTIONS', ...yes } };
}

/**
 * Event Grid: an event of type SubscriptionValidation carries a code that has to come back in a 200
 * (https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema).
 * @param headers the caller's, where they are known: in what Event Grid sends, an array, they always are
 * @returns undefined when the request is no such handshake
 */
export function eventGridHandshake(
  headers: HttpRequest['headers'] | undefined,
  payload: unknown,
): HttpResponseInit | undefined {
  if (headers?.get('aeg-event-type')?.toLowerCase() !== 'subscriptionvalidation') return undefined;
  const event = Array.isArray(payload) ? payload[0] : payload;
  const code = member(member(event, 'data'), 'validationCode');
  if (typeof code !== 'string') {
    throw new RequestError('invalid-body', 'This is an Event Grid handshake without a validationCode.');
  }
  return { status: 200, jsonBody: { validationResponse: code } };
}

/**
 * Graph sends with each change notification the `clientState` that the subscription was made with;
 * whoever does not know it is not Graph.
 * @throws {RequestError} when one of a payload's notifications carries another one, or none
 */
export function checkClientState(notifications: readonly unknown[], expected: string): void {
  for (const notification of notifications) {
    if (!isSame(member(notification, 'clientState'), expected)) {
      throw new RequestError(
        'client-state-wrong',
        'A change notification does not carry the clientState that its subscription was made with.',
      );
    }
  }
}

/** In constant time: digests are compared, so that neither content nor length shows. */
function isSame(given: unknown, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(typeof given === 'string' ? given : ''), digest(expected));
}
