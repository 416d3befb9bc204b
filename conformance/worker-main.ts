/**
 * The built app as a worker of the real queue listener: HTTP on the local host, and queue messages from a
 * listener that posts each to `/QUEUE` of CALLBACK_PORT and takes an error for a failed function.
 */
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { startHost } from '../local/host/host.js';
import { loadApp } from '../local/host/load.js';
import type { HostQueue, QueueMessage } from '../local/host/queue-service.js';

/** What a listener waits for: how the message it has posted ends. */
type End = (status: number) => void;

/** A queue whose messages are posted; lease, release and poison are the listener's. */
class PostedQueue implements HostQueue {
  readonly #waiting: QueueMessage[] = [];
  readonly #ends = new Map<string, End>();
  #wake: () => void = () => {};
  #number = 0;

  push(text: string, dequeueCount: number, end: End): void {
    this.#number += 1;
    const id = String(this.#number);
    this.#ends.set(id, end);
    this.#waiting.push({ id, text: Buffer.from(text).toString('base64'), receipt: id, dequeueCount });
    this.#wake();
  }

  async receive(most: number): Promise<readonly QueueMessage[]> {
    if (this.#waiting.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#waiting.splice(0, most);
  }

  async delete({ id }: QueueMessage): Promise<void> {
    this.#ends.get(id)?.(200);
  }

  async hide({ id }: QueueMessage): Promise<void> {
    this.#ends.get(id)?.(500);
  }

  async send(): Promise<void> {}
}

const queues = new Map<string, PostedQueue>();
const queueOf = (name: string) => {
  const queue = queues.get(name) ?? new PostedQueue();
  queues.set(name, queue);
  return queue;
};
const { extensions, ...hostJson } = JSON.parse(await readFile('host.json', 'utf8'));
const host = await startHost({
  registrations: await loadApp('.'),
  port: 0,
  // The listener counts deliveries and gives up; this host never does.
  hostJson: {
    ...hostJson,
    extensions: { ...extensions, queues: { ...extensions.queues, maxDequeueCount: 1000 } },
  },
  queues: (_connection, name) => queueOf(name),
});
const callbacks = http.createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const queue = queueOf((request.url ?? '').slice(1));
    const text = Buffer.concat(chunks).toString('utf8');
    queue.push(text, Number(request.headers['x-dequeue-count']), (status) =>
      response.writeHead(status).end(),
    );
  });
});
callbacks.listen(Number(process.env.CALLBACK_PORT), '127.0.0.1', () => {
  const { port } = callbacks.address() as AddressInfo;
  const names = [...queues.keys()];
  process.send?.({ url: host.url, queues: names, callbackPort: String(port) });
});
process.once('disconnect', () => process.exit());
