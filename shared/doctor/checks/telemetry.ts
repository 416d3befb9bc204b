import fetch from 'node-fetch';
import { runWithin } from '../../base/deadline.js';
import { asEnrichmentError, EnrichmentError } from '../../base/errors.js';
import { readClaims } from '../../identity/claims.js';
import {
  AUTHENTICATION_STRING,
  CONNECTION_STRING,
  INGESTION_ROLE,
  type TelemetrySettings,
  type TelemetryToken,
} from '../../telemetry/connection.js';
import type { Check, Observation } from '../check.js';
import { assignRole, SHOW_IDENTITIES, setSetting } from '../commands.js';
import { fixOf } from './settings.js';

/** Longer than any answer takes that is of use. */
const POST_TIMEOUT_MS = 5_000;

/**
 * Whether there is a place where failures can be seen afterwards, and whether it takes what this app sends.
 */
export const telemetry: Check = {
  name: 'telemetry',
  async examine({ app: { clock, settings, telemetryToken } }, signal) {
    if (settings.telemetryProblems.length > 0) {
      return settings.telemetryProblems.map((problem) => ({
        status: 'warn',
        found: `${problem.setting} ${problem.message}. No telemetry is sent; everything else works.`,
        fix: fixOf(problem),
      }));
    }
    if (!settings.telemetry) {
      const found = `${CONNECTION_STRING} is not set: what went wrong yesterday cannot be looked up.`;
      return [{ status: 'warn', found, fix: setSetting(CONNECTION_STRING, 'CONNECTION_STRING') }];
    }
    const { telemetry } = settings;
    const token = telemetryToken && (await tokenOf(telemetryToken, signal));
    if (token instanceof EnrichmentError) return [noToken(telemetry, token)];
    const tooLong = () => Object.assign(new Error(), { code: `no answer in ${POST_TIMEOUT_MS / 1000} s` });
    try {
      const post = (deadline: { signal: AbortSignal }) => postNothing(telemetry, token, deadline.signal);
      return [judge(await runWithin(clock, POST_TIMEOUT_MS, tooLong, post, signal), telemetry, token)];
    } catch (error) {
      return [unreachable(telemetry, (error as NodeJS.ErrnoException).code ?? 'unknown')];
    }
  },
};

/** The token, or why there is none. */
function tokenOf(token: TelemetryToken, signal: AbortSignal): Promise<string | EnrichmentError> {
  return token(signal).then(
    (given) => given.token,
    (error) => asEnrichmentError(error),
  );
}

/** Sends a batch with nothing in it: who may send is decided before what is sent. */
async function postNothing(
  { ingestionEndpoint }: TelemetrySettings,
  token: string | undefined,
  signal: AbortSignal,
): Promise<number> {
  const response = await fetch(`${ingestionEndpoint}/v2.1/track`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
    body: '[]',
    redirect: 'manual', // to a region's endpoint: that it can be reached is seen
    signal,
  });
  response.body?.resume();
  return response.status;
}

/** Only 401 and 403 speak of the sender; a batch without items may be refused for being one. */
function judge(status: number, settings: TelemetrySettings, token: string | undefined): Observation {
  const { host } = new URL(settings.ingestionEndpoint);
  if (status !== 401 && status !== 403) {
    const how = settings.entra ? `, as ${identityOf(settings)}` : '';
    return { status: 'ok', found: `Telemetry goes to ${host}${how}; it can be reached.` };
  }
  if (token === undefined) {
    return {
      status: 'warn',
      found: `${host} takes telemetry of signed-in senders only (HTTP ${status}), and ${AUTHENTICATION_STRING} is not set: telemetry is lost, all else works.`,
      fix: `${setSetting(AUTHENTICATION_STRING, 'Authorization=AAD;ClientId=CLIENT_ID')} (without ClientId for the system-assigned identity), then ${grant('OBJECT_ID')}`,
    };
  }
  return {
    status: 'warn',
    found: `${host} refuses telemetry of ${identityOf(settings)} (HTTP ${status}): it lacks the role "${INGESTION_ROLE}" on the Application Insights resource. Telemetry is lost, all else works.`,
    fix: `${grant(readClaims(token)?.objectId ?? 'OBJECT_ID')} (a new role can take some minutes, and a token that was made before it up to a day)`,
  };
}

function grant(objectId: string): string {
  const scope =
    '"$(az resource show -g RESOURCE_GROUP -n APPLICATION_INSIGHTS --resource-type Microsoft.Insights/components --query id -o tsv)"';
  return assignRole(INGESTION_ROLE, objectId, scope);
}

/** Why the endpoint refused is told for AZURE_CLIENT_ID, which is another setting. */
function noToken(settings: TelemetrySettings, { kind, message }: EnrichmentError): Observation {
  const why = kind === 'identity-refused' ? 'The app has no such identity.' : message;
  return {
    status: 'warn',
    found: `There is no token to send telemetry with, for ${identityOf(settings)}: telemetry is lost, all else works. ${why}`,
    fix: `${SHOW_IDENTITIES}, then ${setSetting(AUTHENTICATION_STRING, 'Authorization=AAD;ClientId=CLIENT_ID')} (without ClientId for the system-assigned identity)`,
  };
}

function identityOf({ entra }: TelemetrySettings): string {
  return entra?.clientId
    ? `the user-assigned identity ${entra.clientId} of ${AUTHENTICATION_STRING}`
    : 'the system-assigned identity';
}

function unreachable({ ingestionEndpoint }: TelemetrySettings, code: string): Observation {
  const { host } = new URL(ingestionEndpoint);
  return {
    status: 'warn',
    found: `The ingestion endpoint ${host} of ${CONNECTION_STRING} cannot be reached (${code}): telemetry is lost, all else works.`,
    fix:
      'Copy the connection string anew from the Overview of the Application Insights resource, and let the app reach ' +
      `${host} (outbound rules of its network, private link): ${setSetting(CONNECTION_STRING, 'CONNECTION_STRING')}`,
  };
}
