/**
 * The only file that knows applicationinsights, and a chunk of its own: it is loaded when the first answer
 * has been given.
 */
import { createDefaultHttpClient, type HttpClient } from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import { type Context, context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { resourceFromAttributes } from '@opentelemetry/resources';
import applicationInsights from 'applicationinsights';
import type { Clock } from '../base/clock.js';
import { withDeadline } from '../base/deadline.js';
import type { Environment, Reporter } from '../base/environment.js';
import type { Trace } from '../base/trace.js';
import { VERSION } from '../base/version.js';
import {
  AUTHENTICATION_STRING,
  INGESTION_ROLE,
  type TelemetrySettings,
  type TelemetryToken,
} from './connection.js';
import type { Dependency, Event, Item } from './items.js';

/** Sends items. Nothing that becomes of them is told: telemetry must not be what fails. */
export interface TelemetryClient {
  track(item: Item): void;
  /** Sends what there is, and ends. With the signal all is cut that is still under way. */
  close(signal: AbortSignal): Promise<void>;
}

/** The longest that one request may take: an endpoint that hangs must not hold its sockets for ever. */
const SEND_TIMEOUT_MS = 10_000;

/**
 * Opens a client that collects nothing by itself.
 * @param token where the settings want Microsoft Entra's
 */
export function openClient(
  { connectionString, ingestionEndpoint, role }: TelemetrySettings,
  { clock, report }: Environment,
  token: TelemetryToken | undefined,
): TelemetryClient {
  const ended = new AbortController();
  // The exporter reports on itself to an address of Microsoft's own, and adds an item to each batch that
  // says which library made it, unless the environment says not to.
  process.env.APPLICATION_INSIGHTS_NO_STATSBEAT = 'true';
  process.env.APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED = 'true';
  // By this trackDependency and trackEvent find what an item belongs to; nobody else here uses it.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  // Providers of its own: the global ones would patch modules, watch the process and ask the machine who it
  // is.
  const client = new applicationInsights.TelemetryClient(connectionString, { useGlobalProviders: false });
  client.config.samplingPercentage = 100; // the quota bounds the calls; metrics are added up before
  client.config.azureMonitorOpenTelemetryOptions = {
    resource: resourceFromAttributes({ 'service.name': role, 'service.version': VERSION }),
    azureMonitorExporterOptions: {
      connectionString,
      // Given again, since the exporter makes https of every address in the connection string.
      endpoint: `${ingestionEndpoint}/v2.1`,
      allowInsecureConnection: ingestionEndpoint.startsWith('http://'),
      disableOfflineStorage: true, // what was not taken is in no file on this machine
      httpClient: notingRefusals(boundedHttpClient(clock, ended.signal), report),
      ...(token && { credential: credentialOf(token, ended.signal) }),
    },
  };
  client.initialize();
  return {
    track(item) {
      if (item.kind === 'metric') {
        client.trackMetric({ name: item.name, value: item.value, properties: item.dimensions });
      } else {
        context.with(contextOf(item.trace), () =>
          item.kind === 'event'
            ? client.trackEvent(eventOf(item))
            : client.trackDependency(dependencyOf(item)),
        );
      }
    },
    close: (signal) => {
      signal.addEventListener('abort', () => ended.abort(), { once: true });
      return client.flush().then(() => client.shutdown());
    },
  };
}

/** Requests that end in time, and with the signal; so do the waits between the library's retries. */
function boundedHttpClient(clock: Clock, ended: AbortSignal): HttpClient {
  const http = createDefaultHttpClient();
  const tooLong = () => new Error('The ingestion endpoint did not answer in time.');
  return {
    sendRequest: (request) =>
      // Not the library's own time-out: measured on core-rest-pipeline 1.24.0, its timer outlives a failure.
      withDeadline(
        clock,
        SEND_TIMEOUT_MS,
        tooLong,
        ({ signal }) => {
          request.abortSignal = signal;
          return http.sendRequest(request);
        },
        ended,
      ).finally(() => {
        request.abortSignal = ended;
      }),
  };
}

/**
 * The library keeps a token as long as it is valid; which scope it is for, the settings say, not the library.
 */
function credentialOf(token: TelemetryToken, ended: AbortSignal): TokenCredential {
  return {
    async getToken() {
      const { token: text, expiresOnMs } = await token(ended);
      return { token: text, expiresOnTimestamp: expiresOnMs };
    },
  };
}

/**
 * The library drops in silence what the endpoint refuses to take from this sender: here it is reported, once.
 */
function notingRefusals(http: HttpClient, report: Reporter): HttpClient {
  let isReported = false;
  return {
    async sendRequest(request) {
      const response = await http.sendRequest(request);
      if (!isReported && (response.status === 401 || response.status === 403)) {
        isReported = true;
        report({
          event: 'telemetry-refused',
          detail:
            `Application Insights refuses telemetry of this app (HTTP ${response.status}), and it is lost; everything else works. ` +
            `It wants ${AUTHENTICATION_STRING}, and the role "${INGESTION_ROLE}" for that identity. ` +
            'GET /api/doctor has the command.',
        });
      }
      return response;
    },
  };
}

/**
 * The host's request is the parent. It is taken for sampled whatever the host does with it: nothing is left
 * out here.
 */
function contextOf(told: Trace | undefined): Context {
  const [, traceId, spanId] =
    /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(told?.traceparent ?? '') ?? [];
  if (!traceId || !spanId) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  });
}

/**
 * The exporter takes for HTTP what has OpenTelemetry's attributes of it; without a full URL it keeps the
 * name.
 */
function dependencyOf({ name, http, isSuccess, startedAtMs, durationMs, properties, trace }: Dependency) {
  const { protocol, host } = http ? new URL(http.origin) : { protocol: '', host: '' };
  return {
    name,
    data: '',
    target: host,
    dependencyTypeName: http ? 'HTTP' : 'InProc',
    resultCode: http?.result ?? '',
    success: isSuccess,
    time: new Date(startedAtMs),
    duration: durationMs,
    properties: {
      ...trace?.properties,
      ...properties,
      ...(http && {
        'http.request.method': http.method,
        'url.scheme': protocol.slice(0, -1),
        'server.address': host,
        ...(http.path ? { 'url.path': http.path } : {}),
      }),
    },
  };
}

/** The library's events have no time of their own. */
function eventOf({ name, atMs, properties, trace }: Event) {
  return { name, properties: { ...trace?.properties, ...properties, at: new Date(atMs).toISOString() } };
}
