import http from 'node:http';
import https from 'node:https';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import type { Clock } from '../../shared/base/clock.js';
import { readClaims } from '../identity/token.js';
import { type Interceptable, isIntercepted } from '../intercept.js';
import { answering, closeServer, listen, sendJson } from '../loopback.js';

/** How the ingestion endpoint is started. */
export interface IngestionEndpointOptions {
  clock: Clock;
  /** Serve https. */
  tls?: { key: string; cert: string };
  /** Take items of signed-in senders only, as a component does whose local authentication is off. */
  entra?: {
    /** What tokens have to be for. */
    audience: string;
    /** Who has the role to send, by client id. */
    isPublisher(clientId: string | undefined): boolean;
  };
}

/** One item of telemetry, as it is sent: `data.baseData` is what it says, `tags` what it belongs to. */
export interface Envelope {
  name: string;
  time: string;
  sampleRate?: number;
  tags: Record<string, string>;
  data: { baseType: string; baseData: EnvelopeData };
}

/** What an item says; which of it, its `baseType` tells. */
export interface EnvelopeData {
  name?: string;
  id?: string;
  target?: string;
  type?: string;
  data?: string;
  resultCode?: string;
  success?: boolean;
  duration?: string;
  properties: Record<string, string>;
  metrics?: { name: string; value: number; count?: number; min?: number; max?: number }[];
}

/** One request to the endpoint. */
export interface IngestionRequest {
  /** `clock.monotonicMs` when it had arrived. */
  atMs: number;
  method: string;
  path: string;
  headers: http.IncomingHttpHeaders;
  /** Decompressed. */
  body: string;
}

/** An ingestion endpoint that is up. */
export interface IngestionEndpoint extends Interceptable {
  url: string;
  instrumentationKey: string;
  /** All requests, whatever their path: nothing else may be asked here. */
  requests: readonly IngestionRequest[];
  /** The items that were accepted so far. */
  items: readonly Envelope[];
  /** What belongs into APPLICATIONINSIGHTS_CONNECTION_STRING. */
  settings: { APPLICATIONINSIGHTS_CONNECTION_STRING: string };
  close(): Promise<void>;
}

/** Invented. */
const INSTRUMENTATION_KEY = '00000000-1111-4222-8333-444444444444';

/**
 * Stands in for the ingestion of Application Insights: `POST /v2.1/track` with a JSON array of envelopes,
 * compressed or not, answered with how many were received and accepted
 * (https://learn.microsoft.com/azure/azure-monitor/app/data-model-complete).
 */
export async function startIngestionEndpoint(options: IngestionEndpointOptions): Promise<IngestionEndpoint> {
  const requests: IngestionRequest[] = [];
  const items: Envelope[] = [];

  async function handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const sent = await buffer(request);
    const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent).toString('utf8');
    const { method = '', url: path = '', headers } = request;
    requests.push({ atMs: options.clock.monotonicMs(), method, path, headers, body });
    if (await isIntercepted(endpoint, request, response)) return;
    const refused = options.entra && refusalOf(headers.authorization, options.entra);
    if (refused) return sendJson(response, refused, { itemsReceived: 0, itemsAccepted: 0, errors: [] });
    if (method !== 'POST' || path !== '/v2.1/track') {
      return sendJson(response, 404, { itemsReceived: 0, itemsAccepted: 0, errors: [] });
    }
    const received: Envelope[] = JSON.parse(body);
    items.push(...received);
    sendJson(response, 200, { itemsReceived: received.length, itemsAccepted: received.length, errors: [] });
  }

  const { tls } = options;
  const server = tls ? https.createServer(tls, answering(handle)) : http.createServer(answering(handle));
  const url = (await listen(server, 0)).replace(/^http:/, tls ? 'https:' : 'http:');
  const endpoint: IngestionEndpoint = {
    url,
    instrumentationKey: INSTRUMENTATION_KEY,
    requests,
    items,
    settings: {
      APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=${INSTRUMENTATION_KEY};IngestionEndpoint=${url}/;LiveEndpoint=${url}/`,
    },
    intercept: undefined,
    close: () => closeServer(server),
  };
  return endpoint;
}

/** 401 for whoever is not signed in, 403 for whoever lacks the role; undefined for nobody that is refused. */
function refusalOf(
  authorization: string | undefined,
  { audience, isPublisher }: NonNullable<IngestionEndpointOptions['entra']>,
): 401 | 403 | undefined {
  const claims = readClaims(/^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '');
  if (claims?.aud !== audience) return 401;
  return isPublisher(claims.appid) ? undefined : 403;
}
