/** The proxy between the host's front and its worker: the real one, with a bare Node server as the worker. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { closeServer, listen } from '../local/loopback.js';
import type { Front, Reached } from './proxy-scenarios.js';

/** Starts Kestrel and YARP as a process; see proxy/Program.cs. */
export async function startRealFront(program: string): Promise<Front> {
  const reached: Reached[] = [];
  const worker = http.createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('error', () => {});
    request.on('end', () => {
      const texts = Object.entries(headers).map(([name, value]) => [name, String(value)]);
      reached.push({ method, path: url, headers: Object.fromEntries(texts), body: Buffer.concat(chunks) });
      response.writeHead(front.answer.status, { ...front.answer.headers });
      response.end('answered');
    });
  });
  // What Node's server answers by itself starts no function: behind the real host its caller waits for ever.
  let refusals = 0;
  worker.on('clientError', (_error, socket) => {
    refusals += 1;
    socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
  });
  worker.on('checkExpectation', (_request, response) => {
    refusals += 1;
    response.writeHead(417).end();
  });
  const child = spawn('dotnet', [program], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, WORKER: await listen(worker, 0) },
  });
  const exited = once(child, 'exit');
  const [line = ''] = (await once(createInterface(child.stdout), 'line')) as string[];
  const front: Front = {
    port: Number(new URL(line.replace('READY ', '')).port),
    reached,
    refusals: () => refusals,
    answer: { status: 200 },
    close: async () => {
      child.kill('SIGINT');
      await exited;
      worker.closeAllConnections();
      await closeServer(worker);
    },
  };
  return front;
}
