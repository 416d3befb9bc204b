import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import { jest } from '@jest/globals';
import { Connections } from './connections.js';
import { START_MS } from './virtual-clock.js';

const RAW_SERVED = 'test.raw-server.request.start';

/**
 * Tells that a request has reached a server that is no `node:http` one, and that it is held there
 * until `socket` closes: from now on time may pass for it.
 */
export function markServed(socket: Socket): void {
  channel(RAW_SERVED).publish({ request: { socket }, response: socket });
}

/**
 * There and back through libuv's thread pool, where bodies are inflated, 16 kB at a time: the turns below see the
 * end of some 200 kB. Of larger ones no test tells the time.
 */
const throughThreadPool = promisify(deflateRaw);
const NOTHING = Buffer.alloc(1);

/** Turns of the event loop without anything moving after which nothing will, unless time passes. */
const QUIET_TURNS = 12;

/** The real clock, which a test replaces later. */
const now = performance.now.bind(performance);

/**
 * Real time without a timer after which nothing ever will happen: nobody sees here that a process is being started or
 * a socket closed, and on a busy machine either takes seconds.
 */
const LONGEST_IDLE_MS = 30_000;

/**
 * Time that passes only when nothing else can happen, while sockets are real: hours take
 * milliseconds, and every run is the same.
 *
 * Timers and clocks of the test file's globals are faked, so that the libraries live in the same
 * time as the app. Requests on the wire are followed through Node's diagnostics channels: one that
 * is under way and in no handler is still moving, and time must wait for it.
 */
export class FakeTimers {
  readonly #asked = new Set<ClientRequest>();
  /** By the port of the asking side; several on one connection one after the other. */
  readonly #served = new Map<number | undefined, number>();

  readonly #connections = new Connections();

  readonly #onRequest = (message: unknown) => {
    const { request } = message as { request: ClientRequest };
    this.#asked.add(request);
    request.once('close', () => this.#asked.delete(request));
  };

  readonly #onServed = (message: unknown) => {
    const { request, response } = message as { request: { socket: Socket }; response: Closing };
    const port = request.socket.remotePort;
    this.#served.set(port, (this.#served.get(port) ?? 0) + 1);
    response.once('close', () => this.#served.set(port, (this.#served.get(port) ?? 0) - 1));
  };

  constructor() {
    jest.useFakeTimers({
      now: START_MS,
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
    this.#connections.end();
    jest.useRealTimers();
  }

  /** Lets time pass, from timer to timer, until `work` is done. */
  async until<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    for (let idleSinceMs = now(); !isDone; ) {
      await this.settle();
      if (isDone) break;
      if (jest.getTimerCount() > 0) {
        jest.advanceTimersToNextTimer();
        idleSinceMs = now();
      } else if (now() - idleSinceMs > LONGEST_IDLE_MS)
        throw new Error('Nothing is left that could happen: something waits for ever.');
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
      await throughThreadPool(NOTHING); // bodies are decompressed there
      if (this.#isMoving) quiet = 0;
    }
  }

  get #isMoving(): boolean {
    return this.#connections.areMoving || [...this.#asked].some((request) => this.#isOnTheWire(request));
  }

  /** Asked, and not in a server's hands: on its way there, or its answer on the way back. */
  #isOnTheWire({ socket }: ClientRequest): boolean {
    return !this.#served.get(socket?.localPort);
  }
}

interface Closing {
  once(event: 'close', listener: () => void): unknown;
}
