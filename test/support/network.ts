import dns from 'node:dns';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * Resolves the host `siem.example.com` to `address`, as a name server does that is not to be trusted.
 * @returns what undoes it
 */
export function resolveTo(address: string): () => void {
  const { lookup } = dns;
  const family = address.includes(':') ? 6 : 4;
  const resolving = (name: string, options: dns.LookupOptions, callback: (...result: unknown[]) => void) => {
    if (name !== 'siem.example.com') return lookup(name, options, callback as never);
    const answer = options.all ? [[{ address, family }]] : [address, family];
    setImmediate(() => callback(null, ...answer));
  };
  Object.assign(dns, { lookup: resolving });
  return () => Object.assign(dns, { lookup });
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
