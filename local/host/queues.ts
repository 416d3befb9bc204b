import { randomUUID } from 'node:crypto';
import type { Clock } from '../../shared/base/clock.js';
import type { RegisteredFunction, Registrations } from './core.js';
import type { LogSink, ProgrammingModel } from './core-api.js';
import { type HostJson, queueSettings } from './host-json.js';
import { invoke } from './invoke.js';
import type { PumpOptions } from './queue-pump.js';
import type { QueueMessage, QueueService } from './queue-service.js';
import { traceContext } from './trace.js';

/** How the queue is called that holds what was given up of another one. */
const POISON = '-poison';

/** What the queue side of the host is made of. */
export interface QueueOptions {
  readonly registrations: Registrations;
  readonly hostJson: HostJson;
  readonly model: ProgrammingModel;
  readonly clock: Clock;
  readonly queues: QueueService;
  readonly log: LogSink;
}

/**
 * What the pump of each queue trigger of the app works with.
 *
 * @throws when there are queue triggers and no extension bundle: the real host does not know them then
 * (https://learn.microsoft.com/azure/azure-functions/functions-bindings-register#extension-bundles)
 */
export function queueTriggers(options: QueueOptions): PumpOptions[] {
  const { registrations, hostJson, queues, clock, log } = options;
  const settings = queueSettings(hostJson);
  return [...registrations.functions.values()].flatMap((registered) => {
    const { name: functionName, bindings } = registered.metadata;
    return Object.entries(bindings).flatMap(([bindingName, { type, connection, queueName }]) => {
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
        invokeWith(options, registered, bindingName, text, message);
      const onError = (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        log({ level: 'error', category: 'system', functionName, message: `Queue ${queueName}: ${message}` });
      };
      return [{ clock, queue, poison, settings, handle, onError }];
    });
  });
}

async function invokeWith(
  { registrations, model, log }: QueueOptions,
  registered: RegisteredFunction,
  bindingName: string,
  text: string,
  { id, dequeueCount, receipt }: QueueMessage,
): Promise<void> {
  const invocation = invoke({
    model,
    registrations,
    registered,
    log,
    request: {
      invocationId: randomUUID(),
      inputData: [{ name: bindingName, data: { string: text } }],
      triggerMetadata: {
        Id: { json: JSON.stringify(id) },
        DequeueCount: { json: String(dequeueCount) },
        PopReceipt: { json: JSON.stringify(receipt) },
      },
      traceContext: traceContext({}),
    },
  });
  await invocation.result;
}
