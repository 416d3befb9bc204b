import http from 'node:http';
import type { Registrations } from './core.js';
import type { FunctionMetadata, InvocationRequest, LogSink } from './core-api.js';
import { type Invocation, invoke, runHooks } from './invoke.js';

/** What runs an app's functions, as the host sees it: a process beside it, or this one. */
export interface Worker {
  /** In the order of their registration. */
  readonly functions: readonly FunctionMetadata[];
  /** Where HTTP requests are forwarded to, on 127.0.0.1. */
  readonly port: number;
  readonly agent: http.Agent;
  invoke(functionName: string, request: InvocationRequest): Invocation;
  /** Runs the appTerminate hooks, and ends with them, whatever is still under way. */
  terminate(): Promise<void>;
  /** Ends it at once. Ending it twice is ending it once. */
  kill(): Promise<void>;
  /** Resolves when it ended by itself: `crashed` with any exit code but 0. */
  readonly ended: Promise<'crashed' | 'exited'>;
}

/** Starts one, as often as the last one has ended. */
export type StartWorker = () => Promise<Worker>;

/**
 * An app that was loaded into this process. It can be started once: what it keeps in its memory would outlive
 * a second start, which it does not in a process of its own.
 */
export function inProcess(registrations: Registrations, log: LogSink): StartWorker {
  let isStarted = false;
  return async () => {
    const { worker } = registrations.core;
    if (!worker) throw new Error('The app has registered no function.');
    if (isStarted) throw new Error('An app that was loaded into this process cannot be started again.');
    isStarted = true;
    const agent = new http.Agent({ keepAlive: true });
    const port = await worker.acquire();
    let closing: Promise<void> | undefined;
    const kill = () => {
      agent.destroy();
      closing ??= worker.release();
      return closing;
    };
    // Shared by the app's own hooks, as in the worker.
    const hookContext = { hookData: {} };
    try {
      // An appStart hook may still register functions: the host asks for them after it.
      await registrations.core.collectInto(registrations, () =>
        runHooks(registrations, 'appStart', hookContext),
      );
    } catch (error) {
      await kill();
      throw error;
    }
    const { model } = worker;
    return {
      functions: [...registrations.functions.values()].map(({ metadata }) => metadata),
      port,
      agent,
      invoke: (functionName, request) => {
        const registered = registrations.functions.get(functionName);
        if (!registered) throw new Error(`Function "${functionName}" is not loaded.`);
        return invoke({ model, registrations, registered, request, log });
      },
      terminate: () => runHooks(registrations, 'appTerminate', hookContext),
      kill,
      ended: new Promise(() => {}),
    };
  };
}
