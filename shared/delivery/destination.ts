import type { Format } from '../formats/format.js';

/** In characters. */
export const LONGEST_NAME = 40;

/** The longest wait before an attempt: in a schedule, and what a `Retry-After` is cut to. */
export const LONGEST_WAIT_MS = 24 * 3_600_000;

/** A receiver that the operator has configured; callers name it and never give a URL. */
export interface Destination {
  readonly name: string;
  /** Can hold a secret (Logic Apps, Teams, Slack): only `originOf` may be shown. */
  readonly url: string;
  readonly format: Format;
  readonly auth: DestinationAuth;
  /** By when a receiver must have answered. */
  readonly timeoutMs: number;
  /** The waits before each attempt, the first one included. */
  readonly scheduleMs: readonly number[];
  /** Whether it may stand at a private address. */
  readonly allowPrivateHost: boolean;
}

/** How a destination knows that it is us. */
export type DestinationAuth =
  | { readonly type: 'none' }
  /** Each request is signed with every secret, so that they can be rotated. */
  | { readonly type: 'standard-webhooks'; readonly secrets: readonly string[] }
  | { readonly type: 'managed-identity'; readonly scope: string }
  | { readonly type: 'header'; readonly header: string; readonly value: string };

/** The destination of a name, if it is configured. */
export function destinationNamed(
  destinations: readonly Destination[],
  name: string,
): Destination | undefined {
  return destinations.find((one) => one.name === name);
}

/** What of a destination's URL may be shown: scheme and host. */
export function originOf({ url }: Destination): string {
  return new URL(url).origin;
}
