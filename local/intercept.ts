import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * How a test makes a stand-in slow, wrong or broken: it answers the request itself and says `true`,
 * or says `false` and leaves it to the stand-in (having waited, perhaps).
 */
export type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** A stand-in whose answers a test can take over. */
export interface Interceptable {
  /** Set it and unset it at any time; it sees the requests that come afterwards. */
  intercept: Intercept | undefined;
}

/** Asks the test, if it wants to be asked. */
export async function isIntercepted(
  { intercept }: Interceptable,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  return (await intercept?.(request, response)) ?? false;
}
