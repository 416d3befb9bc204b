import { subscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { app, type InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/app.js';
import type { Settings } from '../shared/app/settings.js';
import type { Clock } from '../shared/base/clock.js';
import type { Reporter } from '../shared/base/environment.js';
import { loggedFault } from '../shared/base/errors.js';
import { inTrace } from '../shared/base/trace.js';
import { traceOf } from '../shared/http/caller-trace.js';

/**
 * What all triggers share: it is known what is under way, so that the end of this process can wait for it;
 * each invocation runs in the trace that the host gave it; and the first answer lets telemetry be loaded. A
 * trace only where somebody looks at it, telemetry or a receiver: before Node 24 an asynchronous context
 * slows every promise, and a cached answer is a tenth slower with it.
 *
 * No hook may throw: the host would never answer its request.
 */
export function registerHooks(
  settings: Settings,
  /** The app that handlers run in; undefined before somebody has asked for it. */
  loading: () => Promise<{ readonly app: App | undefined }> | undefined,
): void {
  const underWay = new UnderWay();
  const isTraced = settings.telemetry !== undefined || settings.destinations.length > 0;
  app.hook.preInvocation((invocation) => {
    underWay.began(invocation.invocationContext);
    if (!isTraced) return;
    const { functionHandler } = invocation;
    invocation.functionHandler = (input, context) =>
      inTrace(traceOf(input, context), () => functionHandler(input, context));
  });
  app.hook.postInvocation(({ invocationContext }) => {
    underWay.ended(invocationContext);
    if (settings.telemetry) loading()?.then((running) => running.app?.telemetry.answered(), notLoaded);
  });
  app.hook.appTerminate(async () => {
    const services = (await loading()?.catch(notLoaded))?.app;
    await services?.stop(underWay.allEnded(services.clock, services.report));
  });
}

/** Requests are answered with that, and then nothing was done. */
const notLoaded = () => undefined;

/**
 * How long the end of this process waits for what is under way: of the 5 s that the host gives it
 * (WorkerConstants.cs), telemetry may take 2.
 */
const LONGEST_WAIT_MS = 2_800;
/** For the answer of what has ended to leave this process, which exits as soon as its hooks are done. */
const ANSWER_MS = 100;
/** Invocations that a line of the log names. */
const MOST_NAMED = 20;

/** Invocations that have begun and not ended. */
class UnderWay {
  readonly #names = new Map<string, string>();
  #noneLeft = () => {};

  began({ invocationId, functionName }: InvocationContext): void {
    this.#names.set(invocationId, functionName);
  }

  ended({ invocationId }: InvocationContext): void {
    this.#names.delete(invocationId);
    if (this.#names.size === 0) this.#noneLeft();
  }

  /** Resolves when none is left, or when there is no more time; then it reports what is left. */
  async allEnded(clock: Clock, report: Reporter): Promise<void> {
    if (this.#names.size === 0) return;
    const isInTime = await new Promise<boolean>((resolve) => {
      const turnOff = clock.alarm(LONGEST_WAIT_MS, () => resolve(false));
      this.#noneLeft = () => {
        turnOff();
        resolve(true);
      };
    });
    if (isInTime) return clock.sleep(ANSWER_MS);
    const left = [...this.#names].map(([id, name]) => `${name} ${id}`);
    report({
      event: 'stopped-in-work',
      detail: `This process is being ended by the host with ${left.length} invocations under way, which are lost: ${left.slice(0, MOST_NAMED).join(', ')}. What waits in a queue is done by another instance.`,
    });
  }
}

/** What the host takes of a request's headers at most is 32 kB (Kestrel); it adds some of its own. */
const HEADER_BYTES = 65_536;

/**
 * Lets this worker take headers as large as the host takes: with Node's 16 kB, what is between costs
 * everybody on this worker their requests (docs/guides/security.md). The library that opens the server takes
 * no options for it, and Node's flag would cost the platform's placeholder; but Node hands out the server
 * with each request, from the first one on.
 */
export function takeLargeHeaders(): void {
  subscribe('http.server.request.start', (started) => {
    const { server, response } = started as { server: { maxHeaderSize?: number }; response: ServerResponse };
    if (server.maxHeaderSize === HEADER_BYTES) return;
    server.maxHeaderSize = HEADER_BYTES;
    response.setHeader('connection', 'close'); // this one keeps the limit that it was opened with
  });
}

/**
 * Logs what nobody caught, by its place. A rejected promise that nobody waits for does not end the process:
 * it is most likely a library's, and everybody's requests would end with it. An exception that nobody caught
 * does, by the worker: it has left its work half-done (docs/decisions/what-nobody-caught.md).
 */
export function logWhatNobodyCaught(report: Reporter): void {
  process.on('unhandledRejection', (reason) =>
    report({
      event: 'unhandled-rejection',
      detail: `A promise failed that nobody waits for: ${JSON.stringify(loggedFault(reason))}. The app goes on. Report it.`,
    }),
  );
  process.on('uncaughtExceptionMonitor', (error) =>
    report({
      event: 'uncaught-exception',
      detail: `An exception was caught by nobody, and ends this process: ${JSON.stringify(loggedFault(error))}. The host starts another one. Report it.`,
    }),
  );
}
