import type { SettingProblem } from '../base/setting-reader.js';
import { APP_NAME } from '../base/version.js';
import { isConfidential } from '../base/web.js';
import type { AccessToken } from '../identity/token-cache.js';

/** Where telemetry goes, and as whom it is sent. */
export interface TelemetrySettings {
  readonly connectionString: string;
  /** Without a slash at the end. */
  readonly ingestionEndpoint: string;
  /** What this app is called among those that send to the same place. */
  readonly role: string;
  /** Sign in with Microsoft Entra; absent: the instrumentation key is enough. */
  readonly entra: EntraTelemetry | undefined;
}

/** Who sends telemetry, where a key is not enough. */
export interface EntraTelemetry {
  /** The client id of a user-assigned identity; absent: the system-assigned one. */
  readonly clientId: string | undefined;
  /** What tokens are asked for. */
  readonly audience: string;
}

/** A token that the ingestion endpoint takes; it rejects with an IdentityError when there is none. */
export type TelemetryToken = (signal: AbortSignal) => Promise<AccessToken>;

/** The role that an identity needs to send telemetry of any kind. */
export const INGESTION_ROLE = 'Monitoring Metrics Publisher';

/** Names of the two settings; Azure Functions reads both by the same names. */
export const CONNECTION_STRING = 'APPLICATIONINSIGHTS_CONNECTION_STRING';
export const AUTHENTICATION_STRING = 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING';

/** In lower case only: the library takes no other (`validateInstrumentationKey` of its exporter). */
const LOWER_CASE_GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/**
 * Of connection strings that name none
 * (https://learn.microsoft.com/azure/azure-monitor/app/connection-strings).
 */
const GLOBAL_ENDPOINT = 'https://dc.services.visualstudio.com';
/**
 * Of connection strings without AadAudience, which those of national clouds have (`httpSender` of the
 * exporter).
 */
const GLOBAL_AUDIENCE = 'https://monitor.azure.com';

/**
 * Reads the settings of telemetry. What is wrong with them turns telemetry off and nothing else, so it is
 * returned beside them. No message holds a value.
 *
 * @param text a setting's value, or undefined when it is absent or empty
 */
export function readTelemetry(text: (setting: string) => string | undefined): {
  readonly telemetry: TelemetrySettings | undefined;
  readonly problems: readonly SettingProblem[];
} {
  const connectionString = text(CONNECTION_STRING);
  const problems: SettingProblem[] = [];
  const ingestion = connectionString === undefined ? undefined : parseIngestion(connectionString);
  if (ingestion?.ok === false) problems.push({ setting: CONNECTION_STRING, message: ingestion.message });
  const authentication = parseAuthentication(text(AUTHENTICATION_STRING));
  if (!authentication.ok) problems.push({ setting: AUTHENTICATION_STRING, message: authentication.message });
  if (!connectionString || !ingestion?.ok || !authentication.ok) return { telemetry: undefined, problems };
  const { ingestionEndpoint, audience } = ingestion;
  const entra = authentication.entra && { ...authentication.entra, audience };
  if (entra && !ingestionEndpoint.startsWith('https:')) {
    const message = 'must hold an IngestionEndpoint= that is https://, since a token is sent to it';
    return { telemetry: undefined, problems: [{ setting: CONNECTION_STRING, message }] };
  }
  const role = text('WEBSITE_SITE_NAME') ?? APP_NAME;
  return { telemetry: { connectionString, ingestionEndpoint, role, entra }, problems };
}

type Wrong = { readonly ok: false; readonly message: string };

/** Reads a connection string of Application Insights. */
function parseIngestion(
  connectionString: string,
): { readonly ok: true; readonly ingestionEndpoint: string; readonly audience: string } | Wrong {
  const fields = readPairs(connectionString);
  if (!fields) {
    return wrong(
      'must be InstrumentationKey=…;IngestionEndpoint=…, as the Overview of the Application Insights resource shows it',
    );
  }
  if (!LOWER_CASE_GUID.test(fields.get('instrumentationkey') ?? '')) {
    return wrong('must hold InstrumentationKey=, with a GUID in lower case');
  }
  const suffix = fields.get('endpointsuffix');
  const location = fields.get('location');
  const bySuffix = suffix && `https://${location ? `${location}.` : ''}dc.${suffix}`;
  const endpoint = fields.get('ingestionendpoint') ?? bySuffix ?? GLOBAL_ENDPOINT;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (!url || !isConfidential(url) || url.search || url.hash || url.username || url.password) {
    return wrong('must hold an IngestionEndpoint= that is https://host (http for loopback hosts only)');
  }
  const audience = fields.get('aadaudience')?.replace(/\/\.default$/, '') ?? GLOBAL_AUDIENCE;
  return { ok: true, ingestionEndpoint: url.href.replace(/\/+$/, ''), audience };
}

/**
 * Reads who sends telemetry: `Authorization=AAD`, and `ClientId=` for a user-assigned identity
 * (https://learn.microsoft.com/azure/azure-functions/functions-app-settings#applicationinsights_authentication_string).
 */
function parseAuthentication(
  given: string | undefined,
): { readonly ok: true; readonly entra: Pick<EntraTelemetry, 'clientId'> | undefined } | Wrong {
  if (given === undefined) return { ok: true, entra: undefined };
  const fields = readPairs(given);
  const isAad = fields?.get('authorization')?.toLowerCase() === 'aad';
  const isKnown = [...(fields?.keys() ?? [])].every((name) => ['authorization', 'clientid'].includes(name));
  if (!fields || !isAad || !isKnown) {
    return wrong(
      'must be Authorization=AAD for the system-assigned identity, or Authorization=AAD;ClientId=CLIENT_ID',
    );
  }
  const clientId = fields.get('clientid')?.toLowerCase();
  if (clientId !== undefined && !LOWER_CASE_GUID.test(clientId)) {
    return wrong('must hold in ClientId= the client id of a user-assigned identity (a GUID)');
  }
  return { ok: true, entra: { clientId } };
}

/**
 * Pairs of `name=value`, separated by semicolons, by their names in lower case; undefined for anything else.
 */
function readPairs(given: string): ReadonlyMap<string, string> | undefined {
  const pairs = given
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair) => pair.split('=').map((part) => part.trim()));
  if (pairs.some((pair) => pair.length !== 2 || pair.includes(''))) return undefined;
  return new Map(pairs.map(([name = '', value = '']) => [name.toLowerCase(), value]));
}

function wrong(message: string): Wrong {
  return { ok: false, message };
}
