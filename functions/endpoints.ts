import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { parseDoctorOptions } from '../shared/answers/options.js';
import type { App, Startup } from '../shared/app/app.js';
import { alertIdInPath } from '../shared/base/alert-id.js';
import { COMMIT, VERSION } from '../shared/base/version.js';
import { DEFAULT_WAIT_SECONDS } from '../shared/contract/options.js';
import { asText } from '../shared/doctor/as-text.js';
import { examine } from '../shared/doctor/examine.js';
import { answerPost } from '../shared/http/answer-post.js';
import { answerWithin } from '../shared/http/answer-within.js';
import { cloudEventsHandshake, graphHandshake } from '../shared/http/handshake.js';
import { pageAnswer, pageFileAnswer } from '../shared/http/page-file.js';
import { routesBase } from '../shared/http/routes-base.js';
import { unknownAlert, upstreamIps } from '../shared/http/upstream-form.js';

/** Made by scripts/docs-page.mjs. It is the same place seen from here and from dist/index.js. */
const PAGE_FOLDER = new URL('../dist/docs-page/', import.meta.url);

/** An alert in, the same alert with its IPs out. `OPTIONS` is for the CloudEvents handshake. */
export async function enrichAlert(
  services: App,
  request: HttpRequest,
  requestId: string,
): Promise<HttpResponseInit> {
  const { quota, webhooks } = services.settings;
  if (request.method === 'OPTIONS') {
    return cloudEventsHandshake(request.headers, webhooks.eventOrigins, quota.perMinute);
  }
  return graphHandshake(request.query) ?? answerPost(services, request, requestId);
}

/** The upstream's own path and bodies, behind the cache and the quota. */
export async function alertIps(
  { clock, lookup, settings }: App,
  { params }: HttpRequest,
  requestId: string,
): Promise<HttpResponseInit> {
  const { id = '' } = params;
  const { answer } = await answerWithin(clock, DEFAULT_WAIT_SECONDS, (deadline) =>
    lookup.find(alertIdInPath(id) ?? id, deadline),
  );
  return answer.status === 'not_found'
    ? unknownAlert(requestId, answer.reason)
    : upstreamIps(settings.cloud.apiHost, answer.ips);
}

/** That the app is up and its settings are usable. It asks nothing of anyone. */
export async function health(): Promise<HttpResponseInit> {
  return { status: 200, jsonBody: { status: 'ok', version: VERSION, commit: COMMIT } };
}

/** Why it does not work yet, with wrong settings, too. */
export async function doctor(startup: Startup, request: HttpRequest): Promise<HttpResponseInit> {
  const { format, ...asked } = parseDoctorOptions(request.query);
  const report = await examine(startup, asked);
  if (format === 'json') return { status: 200, jsonBody: report };
  return { status: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: asText(report) };
}

/** The contract, made when it is asked for. */
export async function openApi({ settings }: App, request: HttpRequest): Promise<HttpResponseInit> {
  const { openApiDocument } = await import('../shared/contract/openapi.js');
  return { status: 200, jsonBody: openApiDocument(routesBase(request, settings.publicBaseUrl)) };
}

/** The same as Swagger 2.0, which is what custom connectors take. */
export async function swagger({ settings }: App, request: HttpRequest): Promise<HttpResponseInit> {
  const { swaggerDocument } = await import('../shared/contract/swagger.js');
  return { status: 200, jsonBody: swaggerDocument(routesBase(request, settings.publicBaseUrl)) };
}

/** A page to read the contract on and try it. Open to anyone; the contract wants the key. */
export function docs(_app: App, request: HttpRequest): Promise<HttpResponseInit> {
  return pageAnswer(PAGE_FOLDER, request);
}

export function docsFile(_app: App, { params, headers }: HttpRequest): Promise<HttpResponseInit> {
  return pageFileAnswer(PAGE_FOLDER, params.file ?? '', headers);
}
