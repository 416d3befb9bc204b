import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import http from 'node:http';
import type { Clock } from '../../shared/base/clock.js';
import { type Interceptable, isIntercepted } from '../intercept.js';
import { answering, closeServer, listen, sendJson } from '../loopback.js';
import { makeToken, systemAssignedClientId } from './token.js';

/** How the identity endpoint is started. */
export interface IdentityEndpointOptions {
  /** Decides when tokens expire. */
  clock: Clock;
  /** 24 hours unless given, as managed identities have it. */
  tokenLifetimeSeconds?: number;
  /** Application roles in the tokens; unless given, the one that the resource wants. */
  roles?: readonly string[];
}

/** One request to the endpoint, well-formed or not. */
export interface TokenRequest {
  /** `clock.monotonicMs` when it arrived. */
  atMs: number;
  resource: string;
  /** Of a user-assigned identity. */
  clientId?: string;
}

/** An identity endpoint that is up. */
export interface IdentityEndpoint extends Interceptable {
  /** What belongs into IDENTITY_ENDPOINT. */
  url: string;
  /** The secret that belongs into IDENTITY_HEADER. */
  header: string;
  requests: readonly TokenRequest[];
  /** The settings by which `ManagedIdentityCredential` finds it. */
  settings: { IDENTITY_ENDPOINT: string; IDENTITY_HEADER: string };
  close(): Promise<void>;
}

/**
 * Stands in for the managed identity of App Service and Functions: the protocol of version 2019-08-01
 * (https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference), with
 * tokens that only the simulators of Defender and Graph take. Each request gets a new token; the real back
 * end would hand out the same one for hours.
 */
export async function startIdentityEndpoint(options: IdentityEndpointOptions): Promise<IdentityEndpoint> {
  const header = randomUUID();
  const requests: TokenRequest[] = [];

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const query = new URL(request.url ?? '', 'http://localhost').searchParams;
    const clientId = query.get('client_id');
    requests.push({
      atMs: options.clock.monotonicMs(),
      resource: query.get('resource') ?? '',
      ...(clientId && { clientId }),
    });
    if (await isIntercepted(endpoint, request, response)) return;
    sendJson(response, ...answer(request, query, { ...options, header }));
  }

  const server = http.createServer(answering(handle));
  const base = await listen(server, 0);
  const url = `${base}/msi/token`;
  const endpoint: IdentityEndpoint = {
    url,
    header,
    requests,
    settings: { IDENTITY_ENDPOINT: url, IDENTITY_HEADER: header },
    intercept: undefined,
    close: () => closeServer(server),
  };
  return endpoint;
}

/** Status and body for a request, in the order in which the real endpoint looks at things. */
function answer(
  request: IncomingMessage,
  query: URLSearchParams,
  options: IdentityEndpointOptions & { header: string },
): [status: number, body: unknown] {
  const resource = query.get('resource');
  const version = query.get('api-version');
  if (!request.url?.startsWith('/msi/token') || request.method !== 'GET') {
    return errorAnswer(404, 'Ask with GET /msi/token.');
  }
  if (request.headers['x-identity-header'] !== options.header) {
    return errorAnswer(401, 'The X-IDENTITY-HEADER is missing or wrong.');
  }
  if (version !== '2019-08-01') return errorAnswer(400, `Unsupported api-version "${version ?? ''}".`);
  if (!resource) return errorAnswer(400, 'The parameter "resource" is missing.');
  const clientId = query.get('client_id') ?? systemAssignedClientId;
  const { token, expiresOn } = makeToken({
    resource,
    clientId,
    roles: options.roles ?? [resource.includes('graph') ? 'SecurityAlert.Read.All' : 'Ip.Read.All'],
    nowMs: options.clock.epochMs(),
    lifetimeSeconds: options.tokenLifetimeSeconds ?? 86_400,
  });
  const body = {
    access_token: token,
    // A text of epoch seconds, as on App Service.
    expires_on: String(expiresOn),
    resource,
    token_type: 'Bearer',
    client_id: clientId,
  };
  return [200, body];
}

/** The error form of App Service, known from "No MSI found for specified ClientId/ResourceId.". */
function errorAnswer(statusCode: number, message: string): [status: number, body: unknown] {
  return [statusCode, { statusCode, message, correlationId: randomUUID() }];
}
