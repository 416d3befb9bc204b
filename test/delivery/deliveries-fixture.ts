import { QueuePump } from '../../local/host/queue-pump.js';
import type { OperatorAlert } from '../../shared/base/environment.js';
import { emitNothing } from '../../shared/base/telemetry-event.js';
import { Deliveries, type DeliveryView } from '../../shared/delivery/deliveries.js';
import { DeliveryPlaces, DeliveryStore } from '../../shared/delivery/delivery-store.js';
import type { Destination } from '../../shared/delivery/destination.js';
import type { ForwardedPost } from '../../shared/delivery/forwarding.js';
import type { Attempt, Outgoing } from '../../shared/delivery/send.js';
import { SendingSlots } from '../../shared/delivery/slots.js';
import type { EnrichedPayload } from '../../shared/enrichment/enrich.js';
import type { ForwardReceipt } from '../../shared/enrichment/result.js';
import { enriched } from '../../shared/formats/enriched.js';
import { readMessage } from '../../shared/queue-work/message.js';
import { HOST_QUEUES } from '../support/host-queues.js';
import { MemoryBlobStore } from '../support/memory-blob-store.js';
import { MemoryQueue } from '../support/memory-queue.js';
import { VirtualClock } from '../support/virtual-clock.js';

export const HOUR = 3_600_000;
/** The default, which is that of Standard Webhooks 1.0.0. */
export const SCHEDULE_MS = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].map(
  (seconds) => seconds * 1000,
);

/** A destination of a test. */
export function destination(name = 'siem', more: Partial<Destination> = {}): Destination {
  return {
    name,
    url: `https://${name}.test/in`,
    format: enriched,
    auth: { type: 'none' },
    timeoutMs: 15_000,
    scheduleMs: SCHEDULE_MS,
    allowPrivateHost: false,
    ...more,
  };
}

/** What a receiver of a test does with the n-th request for a destination. */
export type Receiving = (outgoing: Outgoing, to: Destination, nth: number) => Attempt | Promise<Attempt>;

/** One request that reached a receiver. */
export interface Arrived {
  readonly id: string;
  readonly body: string;
  readonly to: string;
  readonly atMs: number;
}

/** A payload whose body is too large for the state. */
export const LARGE = JSON.stringify({ padding: 'x'.repeat(70_000) });

export const OK: Attempt = { kind: 'delivered', status: 204 };
export const DOWN: Attempt = { kind: 'failed', status: 503, reason: 'It answered 503.' };

/**
 * Deliveries with everything around them in memory and in virtual time.
 * @param maxPollingMs more than the host's own, since days pass here
 * @param latencyMs of each operation of the storage account, for the app and the host
 */
export function openDeliveriesFixture(
  random: () => number = () => 0.5,
  maxPollingMs = 10_000,
  latencyMs = 0,
) {
  const clock = new VirtualClock();
  const store = new MemoryBlobStore(clock, { latencyMs: () => latencyMs });
  const queue = new MemoryQueue(clock, latencyMs);
  const poison = new MemoryQueue(clock, latencyMs);
  const places = new DeliveryPlaces('0'.repeat(32));
  const reports: OperatorAlert[] = [];
  const errors: unknown[] = [];
  const arrivals: Arrived[] = [];
  const pumps: QueuePump[] = [];
  let posts = 0;

  const fixture = {
    clock,
    store,
    queue,
    poison,
    places,
    reports,
    errors,
    arrivals,
    destinations: [destination()] as readonly Destination[],
    receive: (() => OK) as Receiving,
    /**
     * An instance of the app: nothing of another one's memory is in it.
     * @param step called before and after each step that can be its last: what never resolves is its end
     */
    open(step: () => Promise<void> = async () => {}): Deliveries {
      const stepping = <T extends object>(target: T, methods: readonly string[]): T =>
        new Proxy(target, {
          get: (from, name) => {
            const member = Reflect.get(from, name);
            if (typeof member !== 'function') return member;
            const method = member.bind(from);
            if (!methods.includes(String(name))) return method;
            return async (...given: unknown[]) => {
              await step();
              const result = await method(...given);
              await step();
              return result;
            };
          },
        });
      const blobs = stepping(store, ['read', 'write', 'delete', 'list']);
      const send = async (to: Destination, outgoing: Outgoing): Promise<Attempt> => {
        await step();
        const { id, body } = outgoing;
        arrivals.push({ id, body, to: to.name, atMs: clock.monotonicMs() });
        const sent = await fixture.receive(outgoing, to, arrivals.filter((one) => one.to === to.name).length);
        await step();
        return sent;
      };
      return new Deliveries({
        clock,
        random,
        queue: stepping(queue, ['send']),
        poison,
        destinations: fixture.destinations,
        report: (report) => void reports.push(report),
        emit: emitNothing,
        send,
        slots: new SendingSlots(clock, random),
        store: blobs,
        places,
        deliveries: new DeliveryStore({ clock, random, store: blobs, large: blobs, places }),
      });
    },

    /** Lets an instance work on what is in the queue, as the host does. */
    startWorker(deliveries: Deliveries = fixture.open()): QueuePump {
      const onError = (error: unknown) => void errors.push(error);
      const options = { clock, settings: { ...HOST_QUEUES, maxPollingMs }, onError };
      const pump = new QueuePump({
        ...options,
        queue: queue.host,
        poison: poison.host,
        handle: async (text) => void (await deliveries.work(readMessage(text) ?? refuse())),
      });
      const poisonPump = new QueuePump({
        ...options,
        queue: poison.host,
        poison: undefined,
        handle: async (text) => deliveries.giveUp(readMessage(text) ?? refuse()),
      });
      pumps.push(pump, poisonPump);
      return pump;
    },

    /** Accepts a post, a new one unless given; not waited for. */
    async accept(
      deliveries: Deliveries = fixture.open(),
      given: Partial<ForwardedPost> = {},
    ): Promise<ForwardReceipt> {
      const post = { destination: 'siem', text: `{"n":${++posts}}`, query: '', dedupe: undefined };
      const reservation = await deliveries.reserve({ ...post, traceparent: undefined, ...given });
      return deliveries.accept(reservation, payload(given.text ?? post.text));
    },

    /** The same, waited for. */
    post: (given: Partial<ForwardedPost> = {}): Promise<ForwardReceipt> =>
      clock.until(fixture.accept(fixture.open(), given)),
    ask: (id: string): Promise<DeliveryView> => clock.until(fixture.open().ask(id)),

    /** Lets time pass until a delivery is what is wanted; looks that often. */
    untilIs: (status: string, id: string, stepMs = 5_000): Promise<DeliveryView> =>
      clock.eventually(async () => {
        const view = await fixture.ask(id);
        return view.status === status ? view : undefined;
      }, stepMs),

    /** Nobody works any more. */
    close: (): Promise<unknown> => clock.until(Promise.all(pumps.splice(0).map((pump) => pump.stop()))),
  };
  return fixture;
}

export type DeliveriesFixture = ReturnType<typeof openDeliveriesFixture>;

/** An enriched payload of which only the text matters. */
export function payload(alertText: string): EnrichedPayload {
  const window = { limit: 1, remaining: 1 };
  const quota = { asOf: '', minute: window, hour: window };
  const counts = { total: 0, public: 0, private: 0, other: 0 };
  const enrichment = { id: 'x', status: 'complete', counts, ips: [], alerts: [], quota } as const;
  return { alertText: () => alertText, enrichment };
}

function refuse(): never {
  throw new Error('this is not to happen in this test');
}
