import type { HttpHandler, HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { type Answered, errorAnswer, type Logged } from '../answers/http-answer.js';
import type { App, Startup } from '../app/app.js';
import { asEnrichmentError, EnrichmentError, faultOf } from '../base/errors.js';
import type { SettingProblem } from '../base/setting-reader.js';
import { traceOf } from './caller-trace.js';

/** Answers one request. What it throws is answered by the door. */
export type Handler = (app: App, request: HttpRequest, requestId: string) => Promise<Answered>;

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
  const { clock } = startup.environment;
  return openDoor(
    startup,
    (request, requestId) => {
      if (!startup.ok) throw settingsError(startup.problems, clock.monotonicMs());
      return handler(startup.app, request, requestId);
    },
    answerError,
  );
}

/** The same for a door that answers while settings are wrong, too. */
export function openDoor(
  startup: Startup,
  handler: (request: HttpRequest, requestId: string) => Promise<Answered>,
  answerError: ErrorAnswer = errorAnswer,
): HttpHandler {
  const { clock } = startup.environment;
  return async (request, context) => {
    const startedMs = clock.monotonicMs();
    const { invocationId: requestId } = context;
    const answered = async (): Promise<Answered> => {
      try {
        return await handler(request, requestId);
      } catch (thrown) {
        const error = asEnrichmentError(thrown);
        return { ...answerError(error, requestId, clock.monotonicMs()), logged: { error, faults: [error] } };
      }
    };
    const { logged, ...answer } = await answered();
    logAnswer(context, request, answer, clock.monotonicMs() - startedMs, logged);
    return withEcho(answer, request);
  };
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

/** The most faults of one request that are logged: more of them say nothing new. A choice. */
const MOST_FAULTS = 5;

/**
 * One line for each request, with the caller's own names for its run, and why the answer is not what was hoped for;
 * a fault of the app itself has one more line, with its place.
 */
function logAnswer(
  context: InvocationContext,
  request: HttpRequest,
  { status = 200 }: HttpResponseInit,
  ms: number,
  { error, faults = [] }: Partial<Logged> = {},
): void {
  const places = faults
    .filter(({ kind }) => kind === 'internal-error')
    .map((fault) => JSON.stringify({ event: fault.kind, ...faultOf(fault) }));
  for (const line of [...new Set(places)].slice(0, MOST_FAULTS)) context.error(line);
  const line = JSON.stringify({
    event: 'answered',
    status,
    ms: Math.round(ms),
    // Our own errors hold nothing secret.
    ...(error && { kind: error.kind, detail: error.message }),
    ...traceOf(request, context).properties,
  });
  if (status >= 500 || (status < 400 && error)) context.warn(line);
  else context.info(line);
}
