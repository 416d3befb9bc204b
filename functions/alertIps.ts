import { app, type HttpResponseInit } from '@azure/functions';
import type { App, Startup } from '../shared/app/app.js';
import { alertIdInPath } from '../shared/base/alert-id.js';
import { DEFAULT_WAIT_SECONDS } from '../shared/contract/options.js';
import { answerWithin } from '../shared/http/deadline.js';
import { door } from '../shared/http/door.js';
import { unknownAlert, upstreamErrorAnswer, upstreamIps } from '../shared/http/upstream-form.js';

/** `GET /api/alerts/{id}/ips`: the upstream's own path and bodies, behind the cache and the quota. */
export function registerAlertIps(startup: Startup): void {
  app.http('alertIps', {
    methods: ['GET'],
    authLevel: 'function',
    route: 'alerts/{id}/ips',
    handler: door(
      startup,
      (services, request, requestId) => {
        const { id = '' } = request.params;
        return alertIps(services, alertIdInPath(id) ?? id, requestId);
      },
      upstreamErrorAnswer,
    ),
  });
}

async function alertIps(
  { clock, lookup, settings }: App,
  alertId: string,
  requestId: string,
): Promise<HttpResponseInit> {
  const { answer } = await answerWithin(clock, DEFAULT_WAIT_SECONDS, (deadline) =>
    lookup.find(alertId, deadline),
  );
  return answer.status === 'not_found'
    ? unknownAlert(requestId)
    : upstreamIps(settings.cloud.apiHost, answer.ips);
}
