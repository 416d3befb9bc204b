import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { markServed } from './fake-timers.js';

/** A server of bytes, for answers that `node:http` would not send. */
export interface RawServer {
  /** What belongs into DEFENDER_API_HOST; `https:` for a TLS client that waits in vain. */
  readonly url: string;
  readonly port: number;
  /** Heads of the requests that arrived, in order. */
  readonly requests: readonly string[];
  /** Connections that are open. */
  readonly open: ReadonlySet<Socket>;
  close(): Promise<void>;
}

/** What is done with a request once its head is there. It ends or destroys the socket, or holds it. */
export type OnRequest = (socket: Socket) => void;

/** One request per connection, answered by `onRequest` as it likes. */
export function startRawServer(onRequest: OnRequest): Promise<RawServer> {
  const requests: string[] = [];
  return start('http', requests, (socket) => {
    let head = '';
    socket.on('data', (data) => {
      const wasComplete = head.includes('\r\n\r\n');
      head += data.toString('latin1');
      if (wasComplete || !head.includes('\r\n\r\n')) return;
      requests.push(head);
      markServed(socket);
      onRequest(socket);
    });
  });
}

/** Takes connections and never says a word: for a TLS client the connection is never made. */
export function startSilentServer(): Promise<RawServer> {
  return start('https', [], (socket) => {
    markServed(socket);
    socket.resume(); // to notice that the client has gone
  });
}

async function start(
  protocol: 'http' | 'https',
  requests: readonly string[],
  onConnection: (socket: Socket) => void,
): Promise<RawServer> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => {}); // the client's right
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${protocol}://127.0.0.1:${port}`,
    port,
    requests,
    open,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
