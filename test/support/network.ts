import dns from 'node:dns';
import { isIP } from 'node:net';

/** Where nobody listens: the port of the discard protocol, which no system gives to anyone by itself. */
export const CLOSED_PORT = 9;

/** What is said of a host: its address, or a code such as `ENOTFOUND`; undefined: what this machine says. */
type NameServer = (host: string) => string | undefined;

/**
 * Resolves names as a name server does that is not to be trusted, and without waiting for this machine's.
 * @returns what undoes it
 */
export function resolveBy(nameServer: NameServer): () => void {
  const { lookup } = dns;
  const resolve = (name: string, options: dns.LookupOptions, callback: (...result: unknown[]) => void) => {
    const said = nameServer(name);
    if (said === undefined) return lookup(name, options, callback as never);
    const family = isIP(said);
    const found = options.all ? [[{ address: said, family }]] : [said, family];
    const missing = Object.assign(new Error(`getaddrinfo ${said} ${name}`), { code: said });
    setImmediate(callback, ...(family === 0 ? [missing] : [null, ...found]));
  };
  Object.assign(dns, { lookup: resolve });
  return () => Object.assign(dns, { lookup });
}

/** Resolves the host `siem.example.com` to `address`, and `receiver.invalid` to nothing. */
export function resolveTo(address: string): () => void {
  const names = new Map([
    ['siem.example.com', address],
    ['receiver.invalid', 'ENOTFOUND'],
  ]);
  return resolveBy((host) => names.get(host));
}
