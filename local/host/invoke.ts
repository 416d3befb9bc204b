import type { RegisteredFunction, Registrations } from './core.js';
import type {
  CoreInvocationContext,
  HookName,
  InvocationRequest,
  LogSink,
  ProgrammingModel,
} from './core-api.js';

/** What an invocation of any trigger needs. */
export interface InvokeOptions {
  model: ProgrammingModel;
  registrations: Registrations;
  registered: RegisteredFunction;
  request: InvocationRequest;
  log: LogSink;
}

/** An invocation under way. */
export interface Invocation {
  /** The worker has its inputs: over HTTP, that the proxied request reached it. Never rejects. */
  received: Promise<void>;
  /**
   * The handler's result, once its response has been handed over whole; rejects with whatever the
   * handler or a hook threw.
   */
  result: Promise<unknown>;
}

/**
 * Runs one invocation in the order of the worker's `InvocationHandler`: arguments, preInvocation
 * hooks (which may swap inputs and handler), handler, postInvocation hooks (which may swap result and
 * error), response. An error in a hook fails the invocation.
 */
export function invoke(options: InvokeOptions): Invocation {
  const core = coreContext(options);
  const model = Promise.resolve(options.model.getInvocationModel(core));
  const received = model.then((each) => each.getArguments());

  const run = async (): Promise<unknown> => {
    const { context, inputs } = await received;
    const { callback } = options.registered;
    const pre = { hookData: {}, invocationContext: context, functionCallback: callback, inputs };
    await runHooks(options.registrations, 'preInvocation', pre, core);

    const post = { ...pre, result: null as unknown, error: null as unknown };
    core.state = 'invocation';
    try {
      post.result = await (await model).invokeFunction(context, pre.inputs, pre.functionCallback);
    } catch (error) {
      // What is thrown is an error whatever it is; null and undefined would pass for success.
      post.error = error ?? new Error('The handler threw nothing.');
    }
    await runHooks(options.registrations, 'postInvocation', post, core);
    if (post.error !== null && post.error !== undefined) throw post.error;

    await (await model).getResponse(context, post.result);
    return post.result;
  };

  return { received: received.then(noop, noop), result: run() };
}

/** Runs an app's hooks of one name, one after the other, in the order of registration. */
export async function runHooks(
  registrations: Registrations,
  name: HookName,
  context: Record<string, unknown>,
  core?: CoreInvocationContext,
): Promise<void> {
  if (core && name !== 'appStart' && name !== 'appTerminate') core.state = `${name}Hooks`;
  try {
    for (const hook of registrations.hooks(name)) await hook(context);
  } finally {
    delete core?.state;
  }
}

function coreContext({ registered, request, log }: InvokeOptions): CoreInvocationContext {
  const { metadata } = registered;
  const { invocationId } = request;
  return {
    invocationId,
    request,
    metadata,
    log: (level, category, message) =>
      log({ level, category, message, functionName: metadata.name, invocationId }),
  };
}

function noop(): void {}
