import type { QueueSettings } from './queue-pump.js';

/** The parts of an app's host.json that this host knows. */
export interface HostJson {
  functionTimeout?: string;
  /** Where the real host has all triggers from but HTTP's and the timer's. */
  extensionBundle?: { id: string; version: string };
  extensions?: {
    http?: { routePrefix?: string };
    queues?: {
      messageEncoding?: 'base64' | 'none';
      maxPollingInterval?: string;
      visibilityTimeout?: string;
      maxDequeueCount?: number;
      batchSize?: number;
      newBatchThreshold?: number;
    };
  };
}

/**
 * Its `extensions.queues`, with the defaults of
 * https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue#hostjson-settings.
 */
export function queueSettings({ extensions }: HostJson): QueueSettings {
  const given = extensions?.queues ?? {};
  const batchSize = given.batchSize ?? 16;
  return {
    messageEncoding: given.messageEncoding ?? 'base64',
    maxPollingMs: milliseconds(given.maxPollingInterval ?? '00:01:00'),
    visibilityMs: milliseconds(given.visibilityTimeout ?? '00:00:00'),
    maxDequeueCount: given.maxDequeueCount ?? 5,
    batchSize,
    newBatchThreshold: given.newBatchThreshold ?? Math.floor(batchSize / 2),
  };
}

/** How long a function may take; 5 minutes unless given, as on the Consumption plan. */
export function functionTimeoutMs({ functionTimeout }: HostJson): number {
  return milliseconds(functionTimeout ?? '00:05:00');
}

/** A time span of .NET, `hh:mm:ss`. */
function milliseconds(span: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = span.split(':').map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000;
}
