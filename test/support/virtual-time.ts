import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate as turn } from 'node:timers/promises';
import { jest } from '@jest/globals';

/** A realistic moment for tests: the calendar matters to tokens and HTTP dates. */
export const START_MS = Date.UTC(2026, 10, 23, 18, 0, 0);

const RAW_SERVED = 'test.raw-server.request.start';

/**
 * Tells that a request has reached a server that is no `node:http` one, and that it is held there
 * until `socket` closes: from now on time may pass for it.
 */
export function markServed(socket: Closing): void {
  channel(RAW_SERVED).publish({ response: socket });
}

/** Turns of the event loop without anything moving after which nothing will, unless time passes. */
const QUIET_TURNS = 12;

/**
 * Time that passes only when nothing else can happen, while sockets are real: hours take
 * milliseconds, and every run is the same.
 *
 * Timers and clocks of the test file's globals are faked, so that the libraries live in the same
 * time as the app. Requests on the wire are followed through Node's diagnostics channels: one that
 * is under way and in no handler is still moving, and time must wait for it.
 */
export class VirtualTime {
  readonly #asked = new Set<unknown>();
  readonly #served = new Set<unknown>();
  readonly #onRequest = (message: unknown) => track(this.#asked, (message as ClientMessage).request);
  readonly #onServed = (message: unknown) => track(this.#served, (message as ServerMessage).response);

  constructor(nowMs = START_MS) {
    jest.useFakeTimers({
      now: nowMs,
      doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask'],
    });
    subscribe('http.client.request.start', this.#onRequest);
    subscribe('http.server.request.start', this.#onServed);
    subscribe(RAW_SERVED, this.#onServed);
  }

  /** Back to real time. */
  end(): void {
    unsubscribe('http.client.request.start', this.#onRequest);
    unsubscribe('http.server.request.start', this.#onServed);
    unsubscribe(RAW_SERVED, this.#onServed);
    jest.useRealTimers();
  }

  /** Lets time pass, from timer to timer, until `work` is done. */
  async until<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    while (!isDone) {
      await this.settle();
      if (!isDone) this.#step();
    }
    return work;
  }

  /** Lets `ms` pass, from timer to timer. */
  async pass(ms: number): Promise<void> {
    await this.until(new Promise((resolve) => setTimeout(resolve, ms)));
  }

  /** Timers that are running. */
  get timers(): number {
    return jest.getTimerCount();
  }

  /** Sets the calendar to another time, as an administrator does; timers do not notice. */
  jumpCalendar(ms: number): void {
    jest.setSystemTime(Date.now() + ms);
  }

  /** Waits until nothing moves any more without time passing. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      await turn();
      // Node tells of a request only when it is sent to its end; a server may have it before that.
      if (this.#asked.size > this.#served.size) quiet = 0;
    }
  }

  #step(): void {
    if (jest.getTimerCount() === 0)
      throw new Error('Nothing is left that could happen: something waits for ever.');
    jest.advanceTimersToNextTimer();
  }
}

interface Closing {
  once(event: 'close', listener: () => void): unknown;
}
interface ClientMessage {
  readonly request: Closing;
}
interface ServerMessage {
  readonly response: Closing;
}

function track(set: Set<unknown>, message: Closing): void {
  set.add(message);
  message.once('close', () => set.delete(message));
}
