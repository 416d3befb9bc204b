import { once } from 'node:events';
import http from 'node:http';
import { type Clock, systemClock } from '../../shared/base/clock.js';
import { listen } from '../loopback.js';
import type { Registrations } from './core.js';
import type { LogSink } from './core-api.js';
import type { HostJson } from './host-json.js';
import { runHooks } from './invoke.js';
import { QueuePump } from './queue-pump.js';
import type { QueueService } from './queue-service.js';
import { queueTriggers } from './queues.js';
import { HttpFront } from './server.js';
import { storageQueues } from './storage-queues.js';

/** What a host is started with. */
export interface HostOptions {
  /** What one app registered: `await functionsCore.collect(() => ...)`, or `loadApp`. */
  registrations: Registrations;
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
}

/** A host that is up. */
export interface RunningHost {
  /** Without a slash at the end; routes begin with `/api`. */
  url: string;
  /**
   * Stops as the real host does: appTerminate hooks, then no new connections, then invocations in
   * flight get `graceMs` (30 s unless given) to end, then connections are cut. Leaves no handle
   * open. Closing twice is closing once.
   */
  close(graceMs?: number): Promise<void>;
}

/**
 * Starts a small Azure Functions host for the functions of one app: HTTP and queue triggers. Several
 * hosts can run in one process, each with registrations of its own.
 *
 * @throws when the app has no functions, has HTTP streaming off, has routes that clash, or has queue
 * triggers without an extension bundle; when the port is taken (`code: 'EADDRINUSE'`); when an
 * appStart hook throws.
 */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const { registrations, hostJson = {}, log = () => {}, clock = systemClock } = options;
  const worker = registrations.core.worker;
  if (!worker) throw new Error('The app has registered no function.');
  const agent = new http.Agent({ keepAlive: true });
  const port = await worker.acquire();
  const release = async () => {
    agent.destroy();
    await worker.release();
  };
  // Shared by the app's own hooks, as in the worker.
  const hookContext = { hookData: {} };
  try {
    const front = new HttpFront({
      registrations,
      hostJson,
      functionKey: options.functionKey,
      model: worker.model,
      worker: { port, agent },
      log,
    });
    const queues = options.queues ?? storageQueues(process.env);
    const triggers = queueTriggers({ registrations, hostJson, model: worker.model, clock, queues, log });
    await runHooks(registrations, 'appStart', hookContext);
    const url = await listen(front.server, options.port);
    const pumps = triggers.map((trigger) => new QueuePump(trigger));
    const stop = async (graceMs: number) => {
      await runHooks(registrations, 'appTerminate', hookContext).catch((error: unknown) =>
        log({ level: 'error', category: 'system', message: `An appTerminate hook failed: ${error}` }),
      );
      await finish(front, pumps, graceMs, clock);
      await release();
    };
    let stopping: Promise<void> | undefined;
    return {
      url,
      close: (graceMs = 30_000) => {
        stopping ??= stop(graceMs);
        return stopping;
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

async function finish(
  front: HttpFront,
  pumps: readonly QueuePump[],
  graceMs: number,
  clock: Clock,
): Promise<void> {
  const done = new AbortController();
  // Stops listening and closes connections that are idle; those at work are waited for.
  const closed = once(front.server, 'close');
  front.server.close();
  const grace = clock.sleep(graceMs, done.signal).catch(() => {});
  const idle = Promise.all([front.idle(), ...pumps.map((pump) => pump.stop())]);
  await Promise.race([idle, grace]);
  done.abort();
  front.server.closeAllConnections();
  await closed;
}
