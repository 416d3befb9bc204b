import type { HttpHandler, HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { type Answered, errorAnswer, type Logged } from '../answers/http-answer.js';
import type { App, Startup } from '../app/app.js';
import { asEnrichmentError, EnrichmentError, faultOf } from '../base/errors.js';
import type { SettingProblem } from '../base/setting-reader.js';
import { callerHeaders } from './caller-headers.js';
import { traceOf } from './caller-trace.js';

/** Answers one request. What it throws is answered by the door. */
export type Handler = (app: App, request: HttpRequest, requestId: string) => Promise<Answered>;

/** How a door answers an error; `nowMs` is the monotonic time. */
export type ErrorAnswer = (error: EnrichmentError, requestId: string, nowMs: number) => HttpResponseInit;

/** When it is worth looking again whether the settings have been corrected. */
const SETTINGS_RETRY_MS = 60_000;

/** How an endpoint differs from the others. */
export interface DoorOptions {
  readonly answerError?: ErrorAnswer;
  /** Whoever needs no key is told which settings are wrong, and not what is wrong with them. */
  readonly isOpen?: boolean;
}

/**
 * What all endpoints share: wrong settings are answered with what is wrong, errors as problems, the
 * caller's request id is echoed, and one line is logged.
 */
export function door(
  startup: Startup,
  handler: Handler,
  { answerError = errorAnswer, isOpen = false }: DoorOptions = {},
): HttpHandler {
  const { clock } = startup.environment;
  return openDoor(
    startup,
    (request, requestId) => {
      if (!startup.ok) throw settingsError(startup.problems, isOpen, clock.monotonicMs());
      return handler(startup.app, request, requestId);
    },
    answerError,
  );
}

/** The same for an endpoint that answers while settings are wrong, too. */
export function openDoor(
  startup: Startup,
  handler: (request: HttpRequest, requestId: string) => Promise<Answered>,
  answerError: ErrorAnswer = errorAnswer,
): HttpHandler {
  const { clock } = startup.environment;
  const answerTo = (error: EnrichmentError, requestId: string): HttpResponseInit => {
    const answer = (one: EnrichmentError) => written(answerError(one, requestId, clock.monotonicMs()));
    try {
      return answer(error);
    } catch (fault) {
      return answer(asEnrichmentError(fault)); // nothing in it is anybody's
    }
  };
  return async (request, context) => {
    const startedMs = clock.monotonicMs();
    const { invocationId: requestId } = context;
    const answered = async (): Promise<Answered> => {
      try {
        return written(await handler(request, requestId));
      } catch (thrown) {
        const error = asEnrichmentError(thrown);
        return { ...answerTo(error, requestId), logged: { error, faults: [error] } };
      }
    };
    const { logged, ...answer } = await answered();
    try {
      logAnswer(context, request, answer, clock.monotonicMs() - startedMs, logged);
    } catch {
      // A caller must not go without an answer because nobody could be told of it.
    }
    return withEcho(answer, request);
  };
}

function settingsError(problems: readonly SettingProblem[], isOpen: boolean, nowMs: number): EnrichmentError {
  const list = isOpen
    ? `${[...new Set(problems.map(({ setting }) => setting))].join(', ')} (GET /api/doctor says what is wrong, and needs the key)`
    : problems.map(({ setting, message }) => `${setting} ${message}`).join('; ');
  return new EnrichmentError('settings-wrong', `Correct these settings of the function app: ${list}.`, {
    retryAtMs: nowMs + SETTINGS_RETRY_MS,
  });
}

/**
 * What a header's value may hold. The host drops an answer that has anything else in one, and its caller
 * waits.
 */
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/**
 * An answer of which nothing is left that could fail: after the handler, the library and the host fail
 * without any answer, and the caller waits for four minutes (Azure/azure-functions-nodejs-library#324).
 * @throws {TypeError} when it could not be written
 */
function written({ jsonBody, ...answer }: Answered): Answered {
  const headers = new Headers(answer.headers as Record<string, string>);
  for (const [name, value] of headers) {
    if (!HEADER_VALUE.test(value)) throw new TypeError(`The header ${name} cannot be written.`);
  }
  const { status = 200 } = answer;
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new TypeError(`${status} is no status.`);
  if (jsonBody === undefined) return answer;
  if (!headers.has('content-type')) headers.set('content-type', 'application/json');
  return { ...answer, headers: Object.fromEntries(headers), body: JSON.stringify(jsonBody) };
}

/** Logic Apps finds its own run by this header. */
function withEcho(answer: HttpResponseInit, request: HttpRequest): HttpResponseInit {
  const echo = callerHeaders(request).get('x-ms-client-request-id');
  if (echo === null || !HEADER_VALUE.test(echo)) return answer;
  return {
    ...answer,
    headers: { ...(answer.headers as Record<string, string>), 'x-ms-client-request-id': echo },
  };
}

/** The most faults of one request that are logged: more of them say nothing new. A choice. */
const MOST_FAULTS = 5;

/**
 * One line for each request, with the caller's own names for its run, and why the answer is not what was
 * hoped for; a fault of the app itself has one more line, with its place.
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
