import type { Attempt } from '../../shared/delivery/send.js';
import type { ForwardReceipt } from '../../shared/enrichment/result.js';
import {
  type Arrived,
  destination,
  HOUR,
  OK,
  openDeliveriesFixture,
} from '../delivery/deliveries-fixture.js';
import { randomFrom } from '../support/random.js';

/** What is simulated: posts over an hour, instances that are killed, receivers that fail. */
export interface DeliverySimulation {
  readonly instances: number;
  readonly seed: number;
  readonly posts: number;
  /** An instance is killed, at one of its next steps, about this often in the first two hours. */
  readonly killEveryMs: number;
}

/** What came of it. */
export interface DeliveryOutcome {
  /** What each caller was told in the end, some after repeating their post. */
  readonly accepted: readonly ForwardReceipt[];
  readonly arrivals: readonly Arrived[];
  /** Status of each delivery, by its id, at the end. */
  readonly ended: ReadonlyMap<string, string>;
  /** Ids in the alarms. */
  readonly alarmed: ReadonlySet<string>;
  readonly kills: number;
  /** Minutes in which accepted = delivered + queued + dead-lettered was looked at, and held. */
  readonly minutesHeld: number;
  readonly messagesLeft: number;
}

const DAY_MS = 24 * HOUR;
const KILLING_MS = 2 * HOUR;

/** The real deliveries and the queue trigger of several instances, in virtual time. */
export async function simulateDeliveries(simulation: DeliverySimulation): Promise<DeliveryOutcome> {
  const random = randomFrom(simulation.seed);
  const fixture = openDeliveriesFixture(random, 120_000);
  const { clock } = fixture;
  fixture.destinations = ['steady', 'flaky', 'dead'].map((name) => destination(name));
  fixture.receive = async (_outgoing, { name }) => {
    if (name === 'dead') return { kind: 'failed', reason: 'Nobody is there.' };
    await clock.sleep(20 + random() * 200);
    if (name === 'steady' || random() < 0.7) return OK;
    return flakiness();
  };

  /** One of the ways in which a receiver fails; now and then after 15 seconds. */
  async function flakiness(): Promise<Attempt> {
    const way = Math.floor(random() * 5);
    if (way === 0) await clock.sleep(15_000);
    if (way === 1) return { kind: 'failed', status: 429, reason: 'It answered 429.', retryAfterMs: 90_000 };
    return { kind: 'failed', status: 503, reason: 'It answered 503.' };
  }

  /** An instance that can be killed: from some step of it on, nothing of it goes on. */
  function startInstance() {
    let stepsLeft = Number.POSITIVE_INFINITY;
    const deliveries = fixture.open(() =>
      --stepsLeft < 0 ? new Promise<never>(() => {}) : Promise.resolve(),
    );
    const pump = fixture.startWorker(deliveries);
    return {
      deliveries,
      kill() {
        stepsLeft = Math.floor(random() * 20);
        pump.stop(); // what it has in work comes back when its lease is over
      },
    };
  }
  const instances = Array.from({ length: simulation.instances }, startInstance);
  const anyOf = () => Math.floor(random() * instances.length);

  /** A caller who repeats a post that is not answered within the minute, as Logic Apps do. */
  async function call(n: number): Promise<ForwardReceipt> {
    await clock.sleep(random() * HOUR);
    const post = { destination: ['steady', 'flaky', 'dead'][n % 3], text: `{"n":${n}}` };
    for (;;) {
      const deliveries = instances[anyOf()]?.deliveries;
      const answered = fixture.accept(deliveries, post as { destination: string; text: string });
      const receipt = await Promise.race([answered, clock.sleep(60_000)]);
      if (receipt) {
        accepted.push(receipt);
        return receipt;
      }
    }
  }

  const accepted: ForwardReceipt[] = [];
  const callers = Promise.all(Array.from({ length: simulation.posts }, (_, n) => call(n)));
  let kills = 0;
  async function killers(): Promise<void> {
    while (clock.monotonicMs() < KILLING_MS) {
      await clock.sleep(simulation.killEveryMs * (0.5 + random()));
      const victim = anyOf();
      instances[victim]?.kill();
      instances[victim] = startInstance();
      kills++;
    }
  }

  let minutesHeld = 0;
  async function lookEachMinute(): Promise<void> {
    while (clock.monotonicMs() < KILLING_MS) {
      await clock.sleep(60_000);
      const deliveries = fixture.open();
      for (const { id } of accepted) await deliveries.ask(id); // throws when it has vanished
      minutesHeld++;
    }
  }

  await clock.until(Promise.all([callers, killers(), lookEachMinute()]));
  await fixture.clock.pass(4 * DAY_MS);
  const ended = new Map<string, string>();
  for (const { id } of accepted) ended.set(id, (await fixture.ask(id)).status);
  return {
    accepted,
    arrivals: fixture.arrivals,
    ended,
    alarmed: new Set(
      fixture.reports.map(({ detail }) => /delivery ([0-9a-f]{32})/.exec(detail)?.[1] ?? detail),
    ),
    kills,
    minutesHeld,
    messagesLeft: fixture.queue.messages.size,
  };
}
