import type {
  FunctionCallback,
  FunctionMetadata,
  HookCallback,
  HookName,
  LogCategory,
  LogLevel,
  LogSink,
  ProgrammingModel,
} from './core-api.js';
import { StreamWorker } from './worker.js';

const hookNames: readonly string[] = ['appStart', 'appTerminate', 'preInvocation', 'postInvocation'];

/** A function of the app: what it is bound to, and its handler. */
export interface RegisteredFunction {
  metadata: FunctionMetadata;
  callback: FunctionCallback;
}

/** Undoes a registration; the library re-exports it to apps as `Disposable`. */
export class Disposable {
  readonly #undo: () => void;
  constructor(undo: () => void) {
    this.#undo = undo;
  }
  dispose(): void {
    this.#undo();
  }
}

/** All that one app registered while it was loaded. */
export class Registrations {
  readonly core: FunctionsCore;
  readonly functions = new Map<string, RegisteredFunction>();
  readonly #hooks = new Map<HookName, HookCallback[]>();

  constructor(core: FunctionsCore) {
    this.core = core;
  }

  /** Two functions of one name are an error, as they are in the worker. */
  addFunction(metadata: FunctionMetadata, callback: FunctionCallback): Disposable {
    const { name } = metadata;
    if (this.functions.has(name)) throw new Error(`A function named "${name}" has already been registered.`);
    this.functions.set(name, { metadata, callback });
    return new Disposable(() => this.functions.delete(name));
  }

  addHook(name: HookName, callback: HookCallback): Disposable {
    this.#hooks.set(name, [...this.hooks(name), callback]);
    return new Disposable(() => {
      this.#hooks.set(
        name,
        this.hooks(name).filter((other) => other !== callback),
      );
    });
  }

  /** In the order of their registration, which is the order they run in. */
  hooks(name: HookName): readonly HookCallback[] {
    return this.#hooks.get(name) ?? [];
  }
}

/**
 * The "@azure/functions-core" module that `@azure/functions` asks for: it collects what an app
 * registers and keeps the programming model.
 *
 * There is one per module instance of `@azure/functions`, since the library sets its model once
 * and opens its stream server once. Apps may come and go: each `collect` makes new registrations.
 */
export class FunctionsCore {
  /** Version of the worker and host whose contract this one follows (HTTP streaming needs 4.28). */
  readonly version = '3.12.0';
  readonly hostVersion = '4.1045.0';
  readonly Disposable = Disposable;
  /** Takes what the library logs outside of invocations; drops it until someone listens. */
  sink: LogSink = () => {};
  #worker: StreamWorker | undefined;
  #model: ProgrammingModel | undefined;
  #current: Registrations | undefined;

  // The library calls these through a module object, at times without `this`: hence the arrows.

  registerFunction = (metadata: FunctionMetadata, callback: FunctionCallback): Disposable =>
    this.#target('A function').addFunction(metadata, callback);

  registerHook = (name: string, callback: HookCallback): Disposable => {
    if (!hookNames.includes(name)) throw new RangeError(`Unrecognized hook "${name}"`);
    return this.#target('A hook').addHook(name as HookName, callback);
  };

  setProgrammingModel = (model: ProgrammingModel): void => {
    this.#model = model;
    this.#worker = new StreamWorker(model);
  };

  getProgrammingModel = (): ProgrammingModel | undefined => this.#model;

  log = (level: LogLevel, category: LogCategory, message: string): void =>
    this.sink({ level, category, message });

  /** The library's side of HTTP streaming; undefined until the first function is registered. */
  get worker(): StreamWorker | undefined {
    return this.#worker;
  }

  /**
   * Runs `register` and returns what it registered. Runs one app at a time: the library has one
   * place to register to.
   */
  async collect(register: () => unknown): Promise<Registrations> {
    const registrations = new Registrations(this);
    await this.collectInto(registrations, register);
    return registrations;
  }

  /** The same for an app that registers more: it may until the host has asked for its functions. */
  async collectInto(registrations: Registrations, register: () => unknown): Promise<void> {
    if (this.#current) throw new Error('Another app is being loaded.');
    this.#current = registrations;
    try {
      await register();
    } finally {
      this.#current = undefined;
    }
  }

  #target(what: string): Registrations {
    if (!this.#current) throw new Error(`${what} can only be registered during app startup.`);
    return this.#current;
  }
}

const published = globalThis as { [key: symbol]: FunctionsCore | undefined };
const key = Symbol.for('local-host.functions-core');

/**
 * The one core of this process (under Jest: of this test file). It is published under a global
 * symbol because `test/support/functions-core.cjs` cannot import an ES module.
 */
export const functionsCore: FunctionsCore = published[key] ?? new FunctionsCore();
published[key] = functionsCore;
