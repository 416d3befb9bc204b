import { randomUUID } from 'node:crypto';
import type { Clock } from '../../shared/base/clock.js';
import type { FunctionMetadata, LogSink } from './core-api.js';
import { type Dispatcher, HostGone } from './dispatcher.js';
import { members } from './headers.js';
import { type HostJson, queueSettings } from './host-json.js';
import type { PumpOptions } from './queue-pump.js';
import type { QueueMessage, QueueService } from './queue-service.js';
import { traceContext } from './trace.js';

/** How the queue is called that holds what was given up of another one. */
const POISON = '-poison';

/** What the queue side of the host is made of. */
export interface QueueOptions {
  readonly functions: readonly FunctionMetadata[];
  readonly dispatcher: Dispatcher;
  readonly hostJson: HostJson;
  readonly hasTelemetry: boolean;
  readonly clock: Clock;
  readonly queues: QueueService;
  readonly log: LogSink;
  /** Told of a failure of the storage that ends the host. */
  readonly onFatal: (error: unknown) => void;
}

/**
 * What the pump of each queue trigger of the app works with.
 *
 * @throws when there are queue triggers and no extension bundle: the real host does not know them then
 * (https://learn.microsoft.com/azure/azure-functions/functions-bindings-register#extension-bundles)
 */
export function queueTriggers(options: QueueOptions): PumpOptions[] {
  const { functions, hostJson, queues, clock, log, onFatal } = options;
  const settings = queueSettings(hostJson);
  return functions.flatMap(({ name: functionName, bindings }) =>
    Object.entries(bindings).flatMap(([bindingName, { type, connection, queueName }]) => {
      if (type?.toLowerCase() !== 'queuetrigger') return [];
      if (!hostJson.extensionBundle) {
        throw new Error(
          `Function "${functionName}": queueTrigger is not registered: host.json needs an extensionBundle.`,
        );
      }
      const queue = queues(String(connection), String(queueName));
      const poison = String(queueName).endsWith(POISON)
        ? undefined
        : queues(String(connection), `${queueName}${POISON}`);
      const handle = (text: string, message: QueueMessage) =>
        invokeWith(options, functionName, bindingName, text, message);
      const onError = (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        log({ level: 'error', category: 'system', functionName, message: `Queue ${queueName}: ${message}` });
      };
      return [{ clock, queue, poison, settings, handle, onError, onFatal }];
    }),
  );
}

/** A message's own members win over what the host has to say of it (`WorkerFunctionInvoker`). */
async function invokeWith(
  { dispatcher, hasTelemetry }: QueueOptions,
  functionName: string,
  bindingName: string,
  text: string,
  { id, dequeueCount, receipt }: QueueMessage,
): Promise<void> {
  const { result } = await dispatcher.dispatch(functionName, {
    invocationId: randomUUID(),
    inputData: [{ name: bindingName, data: { string: text } }],
    triggerMetadata: {
      Id: { json: JSON.stringify(id) },
      DequeueCount: { json: String(dequeueCount) },
      PopReceipt: { json: JSON.stringify(receipt) },
      ...Object.fromEntries(
        members(text).map(([name, data]) => [name.replace(/^./, (one) => one.toUpperCase()), data]),
      ),
    },
    traceContext: traceContext({}, hasTelemetry),
  });
  await result.catch((error: unknown) => {
    if (!(error instanceof HostGone)) throw error;
    return new Promise(() => {}); // the message's lease has to run out
  });
}
