import type { Clock } from '../base/clock.js';
import { runWithin } from '../base/deadline.js';
import type { Connection, Target } from '../delivery/agents.js';

/** The longest that one connection may take; a healthy one takes less than a second. */
export const CONNECTION_TIMEOUT_MS = 5_000;

/** What became of a connection; `slow`: nothing, within `CONNECTION_TIMEOUT_MS`. */
export type Tried = Connection | { readonly kind: 'slow' };

/** Connects to a host, TLS included, and hangs up: not a byte of HTTP is sent. */
export async function connectTo(clock: Clock, target: Target, signal: AbortSignal): Promise<Tried> {
  const { tryConnection } = await import('../delivery/agents.js');
  const tooLate = new Error('the connection took too long');
  try {
    const connect = (work: { readonly signal: AbortSignal }) => tryConnection(target, work.signal);
    return await runWithin(clock, CONNECTION_TIMEOUT_MS, () => tooLate, connect, signal);
  } catch (error) {
    if (error !== tooLate) throw error;
    return { kind: 'slow' };
  }
}

/**
 * Whether a name was not found, by the error's code: it does not exist, or not for this network's DNS
 * servers.
 */
export function isUnknownName(code: string): boolean {
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN';
}
