import type { Clock } from '../../base/clock.js';
import type { Connection } from '../../delivery/agents.js';
import type { DeliveryView } from '../../delivery/deliveries.js';
import { type Destination, originOf } from '../../delivery/destination.js';
import type { Check, Observation } from '../check.js';
import { CONNECTION_TIMEOUT_MS, connectTo, isUnknownName } from '../connection.js';

/**
 * Whether each destination can be connected to: name, address, port and certificate; and whether it refuses
 * what it is sent. Nothing is sent for it.
 */
export const destinations: Check = {
  name: 'destinations',
  async examine({ app: { settings, clock, deliveries } }, signal) {
    return Promise.all(
      settings.destinations.map(async (destination) => {
        const [connection, failing] = await Promise.all([
          examine(clock, destination, signal),
          // Another check reports what keeps the storage from being used.
          deliveries?.failing(destination.name).catch(() => undefined),
        ]);
        return connection.status === 'ok' && failing ? whileFailing(destination, failing) : connection;
      }),
    );
  },
};

/**
 * One that can be connected to and takes nothing looks healthy until its deliveries are dead letters, days
 * later.
 */
function whileFailing(
  { name }: Destination,
  { id, attempts, lastStatus, reason, nextAttempt }: DeliveryView,
): Observation {
  const answer = lastStatus === undefined ? 'no answer' : `last answer ${lastStatus}`;
  return {
    status: 'warn',
    found:
      `${name}: can be connected to, but at least 1 delivery is waiting (${id}): ${answer}, ` +
      `failed attempts: ${attempts}, next attempt ${nextAttempt}.`,
    fix: reason ?? `GET /api/deliveries/${id} says what happened.`,
  };
}

async function examine(clock: Clock, destination: Destination, signal: AbortSignal): Promise<Observation> {
  const { name } = destination;
  const host = originOf(destination);
  const tried = await connectTo(clock, destination, signal);
  if (tried.kind === 'connected') return { status: 'ok', found: `${name}: ${host} can be connected to.` };
  if (tried.kind === 'slow') {
    const found = `${name}: ${host} did not take a connection within ${CONNECTION_TIMEOUT_MS / 1000} s.`;
    return { status: 'fail', found, fix: CHECK_THE_WAY };
  }
  return { status: 'fail', found: `${name}: ${host} ${tried.reason}`, fix: fixOf(destination, tried) };
}

type Failed = Exclude<Connection, { kind: 'connected' }>;

const CHECK_THE_WAY =
  "Check the firewalls on the way out of this app's network, and the receiver's own rules for who may connect.";

function fixOf({ name, allowPrivateHost }: Destination, { kind, code }: Failed): string {
  switch (kind) {
    case 'refused-address':
      if (allowPrivateHost) {
        return `Use another host for ${name} in FORWARD_DESTINATIONS: this address belongs to the cloud platform, so no receiver can be there.`;
      }
      return `If a private address is meant, set "allowPrivateHost": true for ${name} in FORWARD_DESTINATIONS; otherwise correct the name's DNS record.`;
    case 'untrusted':
      return fixCertificate(code);
    case 'malformed':
      return `Check the port of ${name} in FORWARD_DESTINATIONS.`;
    case 'unreachable':
      return fixAbsence(name, code);
  }
}

function fixCertificate(code: string): string {
  if (code === 'CERT_HAS_EXPIRED') return 'Have the receiver renew its certificate, which has expired.';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'The certificate is for another host: use the host that it names, or have the receiver get one for this host.';
  }
  return (
    'Have the receiver use a certificate of a public authority, with its intermediate certificates; or trust its own ' +
    'authority: NODE_EXTRA_CA_CERTS=PATH_OF_A_PEM_FILE in the settings of the function app.'
  );
}

function fixAbsence(name: string, code: string): string {
  if (isUnknownName(code)) {
    return `The name cannot be resolved: check the host of ${name} in FORWARD_DESTINATIONS. A name in a private DNS zone needs this app in its virtual network.`;
  }
  if (code === 'ECONNREFUSED')
    return 'Nobody listens at that port: check the port, and that the receiver is up.';
  return CHECK_THE_WAY;
}
