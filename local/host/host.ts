import { once } from 'node:events';
import { type Clock, systemClock } from '../../shared/base/clock.js';
import { listen } from '../loopback.js';
import type { Registrations } from './core.js';
import type { LogSink } from './core-api.js';
import { Dispatcher } from './dispatcher.js';
import { functionTimeoutMs, type HostJson } from './host-json.js';
import { inProcess, type StartWorker } from './in-process-worker.js';
import { QueuePump } from './queue-pump.js';
import type { QueueService } from './queue-service.js';
import { queueTriggers } from './queues.js';
import { HttpFront } from './server.js';
import { storageQueues } from './storage-queues.js';
import { startTimers } from './timers.js';

/** What a host is started with. */
export interface HostOptions {
  /**
   * What one app registered: `await functionsCore.collect(() => ...)`, or `loadApp`; or how to start its
   * worker.
   */
  registrations: Registrations | StartWorker;
  /** Port on 127.0.0.1; 0 takes a free one. */
  port: number;
  /** Wanted from callers of functions that are not anonymous; without it nobody needs a key. */
  functionKey?: string | undefined;
  /** The app's host.json, parsed. */
  hostJson?: HostJson;
  log?: LogSink;
  clock?: Clock;
  /** Where queue triggers listen; those of the storage account that `process.env` names unless given. */
  queues?: QueueService;
  /** Whether the host has telemetry of its own, and so a trace context for each invocation. */
  hasTelemetry?: boolean;
}

/** A host that is up. */
export interface RunningHost {
  /** Without a slash at the end; routes begin with `/api`. */
  url: string;
  /**
   * Stops as the real host does on SIGINT: takes nothing new; lets what is in work end, for at most `graceMs`
   * (10 s unless given); tells the worker to end, whose appTerminate hooks have 5 s; and cuts what is left in
   * the moment in which they are done. Leaves no handle open. Closing twice is closing once.
   */
  close(graceMs?: number): Promise<void>;
  /**
   * Resolves when the host has ended by itself, which the real one does when a queue cannot be listened to:
   * with why.
   */
  readonly ended: Promise<Error>;
}

/**
 * How long the host waits for what is in work (`RpcFunctionInvocationDispatcher`,
 * `WebJobsScriptHostService`).
 */
const DRAIN_MS = 10_000;

/**
 * Starts a small Azure Functions host for the functions of one app: HTTP, queue and timer triggers. Several
 * hosts can run in one process, each with an app of its own. README.md beside this says where the real one
 * differs.
 *
 * @throws when the app has no functions, has HTTP streaming off, has routes that clash, or has queue
 * triggers without an extension bundle; when the port is taken (`code: 'EADDRINUSE'`); when an
 * appStart hook throws.
 */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const { registrations, hostJson = {}, log = () => {}, clock = systemClock, hasTelemetry = false } = options;
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<Error>((resolve) => {
    fail = resolve;
  });
  const onFatal = (thrown: unknown) => {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const message = `An unhandled exception has occurred. Host is shutting down. ${error.message}`;
    log({ level: 'critical', category: 'system', message });
    fail(error);
  };
  const { dispatcher, worker } = await Dispatcher.start({
    clock,
    start: typeof registrations === 'function' ? registrations : inProcess(registrations, log),
    functionTimeoutMs: functionTimeoutMs(hostJson),
    log,
    onFatal,
  });
  const { functions } = worker;
  const parts = { functions, dispatcher, hostJson, hasTelemetry, clock, log };
  try {
    const front = new HttpFront({ ...parts, functionKey: options.functionKey });
    const queues = options.queues ?? storageQueues(process.env);
    const triggers = queueTriggers({ ...parts, queues, onFatal });
    const url = await listen(front.server, options.port);
    const pumps = triggers.map((trigger) => new QueuePump(trigger));
    const stopTimers = startTimers(parts);
    const stop = async (graceMs: number) => {
      stopTimers();
      await finish(front, pumps, dispatcher, graceMs, clock);
    };
    let stopping: Promise<void> | undefined;
    const close = (graceMs = DRAIN_MS) => {
      stopping ??= stop(graceMs);
      return stopping;
    };
    return { url, close, ended: failed.then((error) => close().then(() => error)) };
  } catch (error) {
    await dispatcher.stop();
    throw error;
  }
}

async function finish(
  front: HttpFront,
  pumps: readonly QueuePump[],
  dispatcher: Dispatcher,
  graceMs: number,
  clock: Clock,
): Promise<void> {
  const done = new AbortController();
  // Stops listening and closes connections that are idle; those at work are waited for.
  const closed = once(front.server, 'close');
  front.server.close();
  const grace = graceMs > 0 ? clock.sleep(graceMs, done.signal).catch(() => {}) : undefined;
  const idle = Promise.all([front.idle(), ...pumps.map((pump) => pump.stop())]);
  await Promise.race([idle, grace]);
  done.abort();
  await dispatcher.stop();
  front.server.closeAllConnections();
  dispatcher.abandon();
  await closed;
}
