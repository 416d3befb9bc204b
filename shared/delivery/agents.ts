import dns from 'node:dns';
import { RequestFilteringHttpAgent, RequestFilteringHttpsAgent } from 'request-filtering-agent';
import { isLoopback } from '../base/web.js';
import type { Destination } from './destination.js';

/** Makes the connections to a destination. */
export type AgentOf = (destination: Destination) => RequestFilteringHttpAgent | RequestFilteringHttpsAgent;

/**
 * Where a cloud answers its own machines, in each way that an address can reach a socket: instance metadata, and
 * Azure's platform, whose address is in a public range
 * (https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16). Nobody's receiver stands there.
 */
const OF_THE_PLATFORM = [
  '169.254.169.254',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '168.63.129.16',
  '::ffff:168.63.129.16',
  '::ffff:a83f:8110',
];

/**
 * Less than the five seconds after which Node's servers close an idle connection: a request on one that is being
 * closed is a failed attempt. Who gets much gets it over few connections, all the same.
 */
const IDLE_MS = 4_000;

/**
 * Agents that look at each address they are about to connect to, after its name was resolved. A destination that
 * is written with a loopback host is for local work, and may be there.
 */
export function createAgents(): AgentOf {
  // The module's own `lookup` of this moment: the library would take the one of its loading.
  const kept = {
    keepAlive: true,
    timeout: IDLE_MS,
    lookup: dns.lookup,
    denyIPAddressList: [...OF_THE_PLATFORM],
  };
  const open = { ...kept, allowPrivateIPAddress: true };
  const guarded = new RequestFilteringHttpsAgent(kept);
  const openHttps = new RequestFilteringHttpsAgent(open);
  const openHttp = new RequestFilteringHttpAgent(open);
  return ({ url, allowPrivateHost }) => {
    if (url.startsWith('http:')) return openHttp; // the settings take it for loopback only
    return allowPrivateHost || isLoopback(url) ? openHttps : guarded;
  };
}

/** Whether an error's message says that an agent did not connect, because of where the address is. */
export function isRefusedAddress(message: string): boolean {
  return / is not allowed\. Because,? It is /.test(message);
}
