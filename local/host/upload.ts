import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../shared/base/clock.js';

/** The largest body that the host takes (`FUNCTIONS_REQUEST_BODY_SIZE_LIMIT`, 100 MiB unless set). */
const MOST_BYTES = 104_857_600;
/** Kestrel's `MinRequestBodyDataRate`: so many bytes a second, after a time of grace. */
const LEAST_RATE = { bytesPerSecond: 240, graceMs: 5_000 };
/** How often that is looked at. */
const LOOK_MS = 1_000;

/** Looks after a body on its way to the host. */
export class Upload {
  /** Rejects when it comes too slowly or is too large for the host; it never resolves. */
  readonly unfit: Promise<never>;
  readonly #request: IncomingMessage;
  #bytes = 0;
  #turnOff = () => {};

  constructor(request: IncomingMessage, clock: Clock) {
    this.#request = request;
    const beganMs = clock.monotonicMs();
    this.unfit = new Promise((_resolve, reject) => {
      request.on('data', (chunk: Buffer) => {
        this.#bytes += chunk.length;
        if (this.#bytes > MOST_BYTES) reject(new Error('Request body too large.'));
      });
      const look = (ms: number) => {
        this.#turnOff = clock.alarm(ms, () => {
          const seconds = (clock.monotonicMs() - beganMs) / 1_000;
          // Whoever is not read from cannot send.
          const isRead = !request.isPaused();
          if (isRead && this.#bytes < seconds * LEAST_RATE.bytesPerSecond) {
            reject(new Error('Reading the request body timed out due to data arriving too slowly.'));
          } else look(LOOK_MS);
        });
      };
      if (hasBody(request)) look(LEAST_RATE.graceMs);
    });
    this.unfit.catch(() => {}); // who forwards the body is told
    request.once('end', () => this.stop()).once('close', () => this.stop());
    // To look is not to read: whoever wants the body says when.
    request.pause();
  }

  stop(): void {
    this.#turnOff();
  }

  /**
   * The whole of it.
   * @throws when it is unfit, or the caller goes away
   */
  async whole(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    const read = new Promise<Buffer>((resolve, reject) => {
      this.#request.on('data', (chunk: Buffer) => chunks.push(chunk));
      this.#request.once('end', () => resolve(Buffer.concat(chunks)));
      this.#request.once('close', () => reject(new Error('The caller went away.')));
      this.#request.resume();
    });
    return Promise.race([read, this.unfit]);
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return Number(headers['content-length']) > 0 || headers['transfer-encoding'] !== undefined;
}
