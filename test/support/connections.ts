import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** The real clock, which a test replaces later. */
const now = performance.now.bind(performance);

/** One end may stay open for ever, where nobody reads: after so long, in real time, it is not waited for. */
const LONGEST_MS = 1_000;

/**
 * Follows the connections that this process has with itself: one that is being made, or that is closed at one
 * end only, is still moving, though nothing of it is on its way.
 */
export class Connections {
  /** Since when, in real time. */
  readonly #making = new Map<Socket, number>();
  /** Ends that are open, and since when there is only one, by the port of the asking side. */
  readonly #open = new Map<number, number>();
  readonly #halfSince = new Map<number, number>();

  readonly #onClient = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    this.#making.set(socket, now());
    socket.once('connect', () => {
      this.#making.delete(socket);
      this.#follow(socket, socket.localPort);
    });
    socket.once('close', () => this.#making.delete(socket));
  };

  readonly #onServer = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    this.#follow(socket, socket.remotePort);
  };

  constructor() {
    subscribe('net.client.socket', this.#onClient);
    subscribe('net.server.socket', this.#onServer);
  }

  end(): void {
    unsubscribe('net.client.socket', this.#onClient);
    unsubscribe('net.server.socket', this.#onServer);
  }

  get areMoving(): boolean {
    const sinceMs = now() - LONGEST_MS;
    return [...this.#making.values(), ...this.#halfSince.values()].some((atMs) => atMs > sinceMs);
  }

  #follow(socket: Socket, port: number | undefined): void {
    if (port === undefined) return; // closed already
    this.#open.set(port, (this.#open.get(port) ?? 0) + 1);
    socket.once('close', () => {
      const left = (this.#open.get(port) ?? 0) - 1;
      if (left > 0) {
        this.#open.set(port, left);
        this.#halfSince.set(port, now());
      } else {
        this.#open.delete(port);
        this.#halfSince.delete(port);
      }
    });
  }
}
