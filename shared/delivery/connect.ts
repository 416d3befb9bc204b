import dns from 'node:dns';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { createAgents } from './agents.js';
import type { Destination } from './destination.js';
import { type ConnectionFailure, connectionFailure, explainFailure } from './judge.js';

/** What became of a connection. */
export type Connection =
  | { readonly kind: 'connected' }
  /** `reason` is the rest of a sentence that begins with the host. */
  | { readonly kind: ConnectionFailure; readonly code: string; readonly reason: string };

/**
 * Connects to a destination as sending does, TLS included, and hangs up: not a byte of HTTP is sent.
 * @throws the signal's reason when it is aborted
 */
export async function tryConnection(destination: Destination, signal: AbortSignal): Promise<Connection> {
  const socket = open(destination);
  const hangUp = () => socket.destroy(signal.reason);
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    await new Promise((resolve, reject) => {
      socket.once(destination.url.startsWith('https:') ? 'secureConnect' : 'connect', resolve);
      socket.once('error', reject);
    });
    return { kind: 'connected' };
  } catch (error) {
    signal.throwIfAborted();
    const { code = 'unknown', message } = error as NodeJS.ErrnoException;
    const kind = connectionFailure(code, message);
    return { kind, code, reason: explainFailure(code, kind) };
  } finally {
    signal.removeEventListener('abort', hangUp);
    socket.destroy();
  }
}

function open(destination: Destination): Duplex {
  const { hostname, port, protocol } = new URL(destination.url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const agent = createAgents()(destination);
  const target = {
    lookup: dns.lookup,
    host,
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
    servername: isIP(host) ? '' : host,
  };
  return agent.createConnection(target);
}
