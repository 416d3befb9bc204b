import type { Clock } from '../../shared/base/clock.js';
import type { InvocationRequest, LogSink } from './core-api.js';
import type { StartWorker, Worker } from './in-process-worker.js';

/** How long a worker may take for its appTerminate hooks (`WorkerConstants` of the host). */
export const TERMINATE_MS = 5_000;
/** So many crashes, and the host gives up and ends (`ErrorEventsThreshold`, per worker process). */
const MOST_CRASHES = 3;

/** Why an invocation failed without its function having a say: its worker has ended, or its time has. */
export class NoAnswer extends Error {}

/** The host has ended: nobody is there any more who could answer, or give a message back. */
export class HostGone extends NoAnswer {}

/** An invocation, as the host sees it. */
export interface Dispatched {
  readonly worker: Worker;
  /** The worker has its inputs: over HTTP, that the forwarded request reached it. Never rejects. */
  readonly received: Promise<void>;
  /** Rejects with {NoAnswer} at `functionTimeout`, and when the worker crashes. */
  readonly result: Promise<unknown>;
}

export interface DispatcherOptions {
  readonly clock: Clock;
  readonly start: StartWorker;
  readonly functionTimeoutMs: number;
  readonly log: LogSink;
  /** Called when there will be no worker any more. */
  readonly onFatal: (error: Error) => void;
}

/**
 * Gives invocations to the worker, and sees to it that there is one (`RpcFunctionInvocationDispatcher` of the
 * host).
 *
 * An invocation that takes longer than `functionTimeout` costs its worker: it is told to end, then killed,
 * and another one is started. What else that worker had in work is *not* failed then: it waits for its own
 * time-out. What a crashed worker had in work fails at once.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  #worker: Promise<Worker>;
  readonly #gone = new WeakSet<Worker>();
  readonly #working = new Set<(error: Error) => void>();
  #crashes = 0;
  #isStopping = false;

  private constructor(options: DispatcherOptions, worker: Worker) {
    this.#options = options;
    this.#worker = Promise.resolve(worker);
    this.#watch(worker);
  }

  static async start(options: DispatcherOptions): Promise<{ dispatcher: Dispatcher; worker: Worker }> {
    const worker = await options.start();
    return { dispatcher: new Dispatcher(options, worker), worker };
  }

  /** @throws when there is no worker, and none is being started */
  async dispatch(functionName: string, request: InvocationRequest): Promise<Dispatched> {
    const { clock, functionTimeoutMs } = this.#options;
    const worker = await this.#worker;
    const invocation = worker.invoke(functionName, request);
    let over = () => {};
    const result = new Promise((resolve, reject) => {
      this.#working.add(reject);
      const turnOff = clock.alarm(functionTimeoutMs, () => {
        reject(
          new NoAnswer(
            `Timeout value of ${functionTimeoutMs / 1000} s exceeded by function: ${functionName}`,
          ),
        );
        this.#replace(worker, true);
      });
      const unlessGone =
        <T>(tell: (told: T) => void) =>
        (told: T) =>
          this.#gone.has(worker) || tell(told);
      invocation.result.then(unlessGone(resolve), unlessGone(reject));
      void worker.ended.then(
        (how) => how === 'crashed' && reject(new NoAnswer(`The worker crashed in function: ${functionName}`)),
      );
      over = () => {
        turnOff();
        this.#working.delete(reject);
      };
    });
    result.then(over, over);
    return { worker, received: invocation.received, result };
  }

  /** Ends the worker: it is told to, and killed when it does not in time. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const worker = await this.#worker.catch(noop);
    if (worker) await this.#end(worker, true);
  }

  /** Leaves what is still in work alone, for good. */
  abandon(): void {
    for (const reject of [...this.#working]) reject(new HostGone('The host has ended.'));
  }

  #watch(worker: Worker): void {
    void worker.ended.then((how) => {
      if (this.#gone.has(worker) || this.#isStopping) return;
      if (how === 'crashed') this.#crashes += 1;
      if (this.#crashes > MOST_CRASHES) {
        this.#options.onFatal(new Error('The worker crashed again and again.'));
      } else this.#replace(worker, false);
    });
  }

  #replace(worker: Worker, isAlive: boolean): void {
    if (this.#gone.has(worker)) return;
    const { log, start } = this.#options;
    this.#gone.add(worker);
    const ending = this.#end(worker, isAlive);
    this.#worker = start().then((next) => {
      this.#watch(next);
      return next;
    });
    this.#worker.catch((error: Error) => log({ level: 'error', category: 'system', message: error.message }));
    void ending;
  }

  async #end(worker: Worker, isAlive: boolean): Promise<void> {
    const { clock, log } = this.#options;
    if (isAlive) {
      const inTime = new AbortController();
      const failed = (error: unknown) =>
        log({ level: 'error', category: 'system', message: `An appTerminate hook failed: ${error}` });
      const terminated = worker.terminate().catch(failed);
      await Promise.race([terminated, clock.sleep(TERMINATE_MS, inTime.signal).catch(noop)]);
      inTime.abort();
    }
    this.#gone.add(worker);
    await worker.kill();
  }
}

function noop(): void {}
