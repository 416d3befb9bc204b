import { AsyncLocalStorage } from 'node:async_hooks';

/** On whose behalf something is done, so that what is told of it can be put together again. */
export interface Trace {
  /** W3C Trace Context of the request (https://www.w3.org/TR/trace-context/#traceparent-header). */
  readonly traceparent: string | undefined;
  /** What the caller calls this run, such as a Logic App's run id. */
  readonly properties: Readonly<Record<string, string>>;
}

const current = new AsyncLocalStorage<Trace>();

/** Runs something on behalf of a request; of none, when there is no trace. */
export function inTrace<T>(trace: Trace | undefined, run: () => T): T {
  return trace ? current.run(trace, run) : current.exit(run);
}

/** On whose behalf this is done; undefined outside of requests. Shared work belongs to whoever began it. */
export function currentTrace(): Trace | undefined {
  return current.getStore();
}
