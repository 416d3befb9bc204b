import { isConfidential } from '../base/web.js';

/** Where telemetry goes. */
export interface TelemetrySettings {
  readonly connectionString: string;
  /** Without a slash at the end. */
  readonly ingestionEndpoint: string;
  /** What this app is called among those that send to the same place. */
  readonly role: string;
}

/** What a connection string says, or what it wants to say. The message holds nothing of it. */
export type ParsedIngestion =
  | { readonly ok: true; readonly ingestionEndpoint: string }
  | { readonly ok: false; readonly message: string };

/** In lower case only: the library takes no other (`validateInstrumentationKey` of its exporter). */
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Of connection strings that name none (https://learn.microsoft.com/azure/azure-monitor/app/connection-strings). */
const GLOBAL_ENDPOINT = 'https://dc.services.visualstudio.com';

/** Reads a connection string of Application Insights: pairs of `name=value`, separated by semicolons. */
export function parseIngestion(connectionString: string): ParsedIngestion {
  const pairs = connectionString
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair) => pair.split('=').map((part) => part.trim()));
  if (pairs.some((pair) => pair.length !== 2 || pair.includes(''))) {
    return wrong(
      'must be InstrumentationKey=…;IngestionEndpoint=…, as the Overview of the Application Insights resource shows it',
    );
  }
  const fields = new Map(pairs.map(([name = '', value = '']) => [name.toLowerCase(), value]));
  if (!GUID.test(fields.get('instrumentationkey') ?? '')) {
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
  return { ok: true, ingestionEndpoint: url.href.replace(/\/+$/, '') };
}

function wrong(message: string): ParsedIngestion {
  return { ok: false, message };
}
