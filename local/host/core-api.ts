/**
 * The part of the "@azure/functions-core" API that `@azure/functions` 4.x uses, as far as this host
 * needs it. The package itself exists only inside the real worker; its types are not on npm in a
 * version of their own, so they are written down here after the library's sources
 * (`InvocationModel.ts`, `ProgrammingModel.ts`, `app.ts`) and the worker's `InvocationHandler.ts`.
 */

/** Levels of the worker's log, least severe first. */
export type LogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';

/** `user`: the app's own `context.log`; `system`: the library, the worker and this host. */
export type LogCategory = 'user' | 'system';

/** One line of log, with the invocation it belongs to where there is one. */
export interface LogEntry {
  level: LogLevel;
  category: LogCategory;
  functionName?: string;
  invocationId?: string;
  message: string;
}

/** Where log entries go. It must not throw. */
export type LogSink = (entry: LogEntry) => void;

/** One binding of a function. The trigger is the one whose type ends in "Trigger". */
export interface BindingInfo {
  type?: string;
  direction?: string;
  [option: string]: unknown;
}

/** What `app.http(...)` and its sisters register. */
export interface FunctionMetadata {
  name: string;
  functionId?: string;
  bindings: Record<string, BindingInfo>;
}

/** The app's handler, as the worker sees it. */
export type FunctionCallback = (...args: unknown[]) => unknown;

/** Hooks this host runs. The worker knows "log" too; the app does not use it. */
export type HookName = 'appStart' | 'appTerminate' | 'preInvocation' | 'postInvocation';

/** A hook gets one context object and may change it. */
export type HookCallback = (context: Record<string, unknown>) => unknown;

/** Data as it crosses from host to worker; only the kinds that this host sends. */
export interface TypedData {
  string?: string;
  json?: string;
}

/** W3C trace context of an invocation. */
export interface TraceContext {
  traceParent: string;
  traceState: string;
}

/** What the host sends to the worker to start an invocation. */
export interface InvocationRequest {
  invocationId: string;
  inputData: { name: string; data: TypedData }[];
  triggerMetadata: Record<string, TypedData>;
  traceContext: TraceContext;
}

/** The stage of an invocation; the library warns about logs that come after the last one. */
export type InvocationState = 'preInvocationHooks' | 'invocation' | 'postInvocationHooks';

/** What the programming model is told of an invocation. */
export interface CoreInvocationContext {
  invocationId: string;
  request: InvocationRequest;
  metadata: FunctionMetadata;
  state?: InvocationState;
  log(level: LogLevel, category: LogCategory, message: string): void;
}

/** One invocation, from arguments to response. */
export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<unknown>;
}

/** What `@azure/functions` hands over when its first function is registered. */
export interface ProgrammingModel {
  name: string;
  version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel | Promise<InvocationModel>;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
}
