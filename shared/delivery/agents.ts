import dns from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ipaddr from 'ipaddr.js';
import { isLoopback } from '../base/web.js';
import type { Destination } from './destination.js';
import { type ConnectionFailure, connectionFailure, explainFailure, REFUSED_ADDRESS } from './verdict.js';

/** What of a destination says where a connection goes. */
export type Target = Pick<Destination, 'url' | 'allowPrivateHost'>;

/** Makes the connections to a destination. */
export type AgentOf = (destination: Target) => http.Agent | https.Agent;

/**
 * Azure's platform, in a public range
 * (https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16).
 */
const AZURE_PLATFORM = ipaddr.IPv4.parse('168.63.129.16');
/**
 * AWS's instance metadata by IPv6
 * (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html).
 */
const AWS_METADATA = ipaddr.IPv6.parse('fd00:ec2::254');

/** Ranges of IPv6 that hold an IPv4 address, and the byte where it begins. */
const WITH_IPV4: readonly (readonly [range: string, at: number])[] = [
  ['::/96', 12], // IPv4-compatible (RFC 4291, 2.5.5.1)
  ['::ffff:0:0/96', 12], // IPv4-mapped (RFC 4291, 2.5.5.2)
  ['::ffff:0:0:0/96', 12], // IPv4-translated (RFC 2765, 2.1)
  ['64:ff9b::/96', 12], // NAT64 (RFC 6052, 2.1)
  ['64:ff9b:1::/48', 12], // NAT64 of a network of its own (RFC 8215), as it is used with /96
  ['2002::/16', 2], // 6to4 (RFC 3056, 2)
];

/**
 * Whether an address is never connected to: one where a cloud answers its own machines (link-local, and
 * Azure's platform), however it is written; and, unless private addresses are allowed, one that is in no
 * public range.
 *
 * @param address as the resolver gives it, or as a URL has it
 */
export function isRefused(address: string, allowPrivate: boolean): boolean {
  const parsed = ipaddr.parse(address);
  const all = [parsed, ...ipv4In(parsed)];
  if (parsed.range() === 'unspecified' || all.some(isOfPlatform)) return true;
  // What holds an IPv4 address is in no range of its own, or counts as public though the address may not be.
  return !allowPrivate && (all.length > 1 || parsed.range() !== 'unicast');
}

function isOfPlatform(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() === 'linkLocal') return true;
  const own: ipaddr.IPv4 | ipaddr.IPv6 = address.kind() === 'ipv4' ? AZURE_PLATFORM : AWS_METADATA;
  return address.toString() === own.toString();
}

function ipv4In(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4[] {
  if (address.kind() === 'ipv4') return [];
  const bytes = address.toByteArray();
  return WITH_IPV4.filter(([range]) => (address as ipaddr.IPv6).match(ipaddr.IPv6.parseCIDR(range))).map(
    ([, at]) => new ipaddr.IPv4(bytes.slice(at, at + 4)),
  );
}

/**
 * Less than the five seconds after which Node's servers close an idle connection: a request on one that is
 * being closed is a failed attempt. A destination that gets much gets it over few connections, all the same.
 */
const IDLE_MS = 4_000;

/** The connection was not made, because of where it would have gone. */
class RefusedAddressError extends Error {
  readonly code = REFUSED_ADDRESS;
}

/** Has an agent look at each address that it is about to connect to, after the name was resolved. */
function guard<A extends http.Agent>(agent: A, allowPrivate: boolean): A {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, onConnected) => {
    const host = options.host ?? '';
    if (isIP(host) && isRefused(host, allowPrivate)) {
      const error = new RefusedAddressError();
      if (!onConnected) return new Socket().destroy(error);
      onConnected(error, new Socket());
      return undefined;
    }
    return connect({ ...options, lookup: guardedLookup(allowPrivate) }, onConnected);
  };
  return agent;
}

function guardedLookup(allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    // The module's own `lookup` of this moment, which tests replace.
    dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const refused = addresses?.some(({ address }) => isRefused(address, allowPrivate));
      if (error || refused) callback(error ?? new RefusedAddressError(), '', 4);
      else if (options.all) callback(null, addresses);
      else callback(null, addresses[0]?.address ?? '', addresses[0]?.family ?? 4);
    });
  };
}

/**
 * Agents that never connect to a refused address. A destination that is written with a loopback host is for
 * local work, and may be there.
 */
export function createAgents(): AgentOf {
  const options = { keepAlive: true, timeout: IDLE_MS };
  const guarded = guard(new https.Agent(options), false);
  const openHttps = guard(new https.Agent(options), true);
  const openHttp = guard(new http.Agent(options), true);
  return ({ url, allowPrivateHost }) => {
    if (url.startsWith('http:')) return openHttp; // the settings take it for loopback only
    return allowPrivateHost || isLoopback(url) ? openHttps : guarded;
  };
}

/** What became of a connection. */
export type Connection =
  | { readonly kind: 'connected' }
  /** `reason` is the rest of a sentence that begins with the host. */
  | { readonly kind: ConnectionFailure; readonly code: string; readonly reason: string };

/**
 * Connects to a destination as sending does, TLS included, and hangs up: not a byte of HTTP is sent.
 * @throws the signal's reason when it is aborted
 */
export async function tryConnection(destination: Target, signal: AbortSignal): Promise<Connection> {
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
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const kind = connectionFailure(code);
    return { kind, code, reason: explainFailure(code, kind) };
  } finally {
    signal.removeEventListener('abort', hangUp);
    socket.destroy();
  }
}

function open(destination: Target): Duplex {
  const { hostname, port, protocol } = new URL(destination.url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const target = {
    host,
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
    servername: isIP(host) ? '' : host,
  };
  // Both of Node's agents return a socket at once.
  return createAgents()(destination).createConnection(target) as Duplex;
}
