/** The process of a worker: loads the app in the folder that is given, and does what the host says. */

import type { FromWorker, ToWorker } from './child-worker.js';
import { functionsCore } from './core.js';
import { inProcess } from './in-process-worker.js';
import { loadApp } from './load.js';

const tell = (message: FromWorker) => void (process.connected && process.send?.(message));
const log: typeof functionsCore.sink = (entry) => tell({ kind: 'log', entry });

functionsCore.sink = log;
// Nobody is left behind when the host has ended, however it did.
process.once('disconnect', () => process.exit());
// Ctrl+C in a terminal reaches this process as well as the host, which is the one to say what follows.
process.on('SIGINT', () => {});

const worker = await inProcess(await loadApp(process.argv[2] ?? '.'), log)();
process.on('message', (message: ToWorker) => {
  if (message.kind === 'terminate') {
    // At once, whatever is still under way: as `terminateWorker` of the Node.js worker does.
    void worker.terminate().finally(() => process.exit(0));
    return;
  }
  const { functionName, request } = message;
  const { invocationId: id } = request;
  const invocation = worker.invoke(functionName, request);
  void invocation.received.then(() => tell({ kind: 'received', id }));
  invocation.result.then(
    () => tell({ kind: 'result', id }),
    (error: unknown) =>
      tell({ kind: 'result', id, error: error instanceof Error ? error.message : String(error) }),
  );
});
tell({ kind: 'ready', functions: [...worker.functions], port: worker.port });
