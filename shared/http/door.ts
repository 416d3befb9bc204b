import type { HttpHandler, HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import type { App, Startup } from '../app.js';
import { asEnrichmentError, EnrichmentError } from '../errors.js';
import type { SettingProblem } from '../setting-problem.js';
import type { World } from '../world.js';
import { errorAnswer } from './answer.js';

/** Answers one request. What it throws is answered by the door. */
export type Handler = (
  app: App,
  request: HttpRequest,
  requestId: string,
  context: InvocationContext,
) => Promise<HttpResponseInit>;

/** How a door answers an error; `nowMs` is the monotonic time. */
export type ErrorAnswer = (error: EnrichmentError, requestId: string, nowMs: number) => HttpResponseInit;

/** When it is worth looking again whether the settings have been mended. */
const SETTINGS_RETRY_MS = 60_000;

/**
 * What all doors share: wrong settings are answered with what is wrong, errors as problems, the
 * caller's request id is echoed, and one line is logged.
 */
export function door(
  startup: Startup,
  handler: Handler,
  answerError: ErrorAnswer = errorAnswer,
): HttpHandler {
  const { clock } = worldOf(startup);
  return openDoor(
    startup,
    (request, requestId, context) => {
      if (!startup.ok) throw settingsError(startup.problems, clock.monotonicMs());
      return handler(startup.app, request, requestId, context);
    },
    answerError,
  );
}

/** The same for a door that answers while settings are wrong, too. */
export function openDoor(
  startup: Startup,
  handler: (request: HttpRequest, requestId: string, context: InvocationContext) => Promise<HttpResponseInit>,
  answerError: ErrorAnswer = errorAnswer,
): HttpHandler {
  const { clock } = worldOf(startup);
  return async (request, context) => {
    const startedMs = clock.monotonicMs();
    const { invocationId: requestId } = context;
    let answer: HttpResponseInit;
    try {
      answer = await handler(request, requestId, context);
    } catch (thrown) {
      const error = asEnrichmentError(thrown);
      logError(context, error);
      answer = answerError(error, requestId, clock.monotonicMs());
    }
    logAnswer(context, answer, clock.monotonicMs() - startedMs);
    return withEcho(answer, request);
  };
}

function worldOf(startup: Startup): World {
  return startup.ok ? startup.app : startup.world;
}

function settingsError(problems: readonly SettingProblem[], nowMs: number): EnrichmentError {
  const list = problems.map(({ setting, message }) => `${setting} ${message}`).join('; ');
  return new EnrichmentError('settings-wrong', `Mend these settings of the function app: ${list}.`, {
    retryAtMs: nowMs + SETTINGS_RETRY_MS,
  });
}

/** Logic Apps finds its own run by this header. */
function withEcho(answer: HttpResponseInit, request: HttpRequest): HttpResponseInit {
  const echo = request.headers.get('x-ms-client-request-id');
  if (echo === null) return answer;
  return {
    ...answer,
    headers: { ...(answer.headers as Record<string, string>), 'x-ms-client-request-id': echo },
  };
}

function logAnswer(context: InvocationContext, { status = 200 }: HttpResponseInit, ms: number): void {
  const line = JSON.stringify({ event: 'answered', status, ms: Math.round(ms) });
  if (status >= 500) context.warn(line);
  else context.info(line);
}

/**
 * Our own errors hold nothing secret; of a foreign one only its name and place are logged, because
 * its message could hold anything.
 */
function logError(context: InvocationContext, error: EnrichmentError): void {
  if (error.kind !== 'internal-error') {
    context.info(JSON.stringify({ event: 'refused', kind: error.kind, detail: error.message }));
    return;
  }
  const cause = error.cause instanceof Error ? error.cause : undefined;
  const place = /\n\s+(at .*)/.exec(cause?.stack ?? '')?.[1];
  context.error(JSON.stringify({ event: 'internal-error', name: cause?.name, place }));
}
