import { once } from 'node:events';
import { connect, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { runWithin } from '../../base/deadline.js';
import type { Check } from '../check.js';
import { setSetting } from '../commands.js';

const SETTING = 'APPLICATIONINSIGHTS_CONNECTION_STRING';
/** Longer than any connection takes that is of use. */
const CONNECT_TIMEOUT_MS = 5_000;

/** Whether there is a place where failures can be seen afterwards, and whether it can be reached. */
export const telemetry: Check = {
  name: 'telemetry',
  async examine({ app: { clock, settings } }, signal) {
    if (!settings.telemetry) {
      const found = `${SETTING} is not set: what went wrong yesterday cannot be looked up.`;
      return [{ status: 'warn', found, fix: setSetting(SETTING, 'CONNECTION_STRING') }];
    }
    const url = new URL(settings.telemetry.ingestionEndpoint);
    const tooLong = () => Object.assign(new Error(), { code: `no answer in ${CONNECT_TIMEOUT_MS / 1000} s` });
    try {
      await runWithin(clock, CONNECT_TIMEOUT_MS, tooLong, (deadline) => open(url, deadline.signal), signal);
      return [{ status: 'ok', found: `Telemetry goes to ${url.host}, which can be reached.` }];
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      return [
        {
          status: 'warn',
          found: `The ingestion endpoint ${url.host} of ${SETTING} cannot be reached (${code}): telemetry is lost, all else works.`,
          fix:
            'Copy the connection string anew from the Overview of the Application Insights resource, and let the app reach ' +
            `${url.host} (outbound rules of its network, private link): ${setSetting(SETTING, 'CONNECTION_STRING')}`,
        },
      ];
    }
  },
};

/** Connects, with a certificate that holds, and hangs up. */
async function open({ protocol, hostname, port }: URL, signal: AbortSignal): Promise<void> {
  const isTls = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, ''); // of an IPv6 address
  const socket = isTls
    ? connectTls({ host, port: Number(port || 443), ...(isIP(host) ? {} : { servername: host }) })
    : connect({ host, port: Number(port || 80) });
  try {
    await once(socket, isTls ? 'secureConnect' : 'connect', { signal });
  } finally {
    socket.destroy();
  }
}
