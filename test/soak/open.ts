import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Instance, startFleet } from '../support/fleet.js';
import { randomFrom } from '../support/random.js';
import { checkSilent, Findings } from './findings.js';
import {
  type Balance,
  DESTINATION,
  DeliveryBooks,
  destinationSettings,
  startFailingReceiver,
} from './forwards.js';
import { count, type Tally } from './mishaps.js';
import { conclude, table } from './report.js';

/** How often the receiver fails until it is well. */
const FAILING_SHARE = 0.3;
const LOOK_MS = 500;
/** Looks after which whatever waits for a lease is let have it. */
const LOOKS_PER_LEASE = 20;

/** What differs between soaks. */
export interface SoakOptions {
  readonly instances: number;
  /** Defender's limits, and the app's. */
  readonly perMinute: number;
  readonly perHour: number;
  readonly latencyMs: { readonly min: number; readonly max: number };
  readonly persistent?: boolean;
}

export type Soak = Awaited<ReturnType<typeof openSoak>>;

/** Starts what a soak plays with, from the seed of the command line or one of its own, which it prints. */
export async function openSoak(title: string, options: SoakOptions) {
  const seed = Number(process.argv[2] ?? randomInt(1, 1e9));
  console.log(`${title}: seed ${seed}`);
  const random = randomFrom(seed);
  const findings = new Findings();
  const mishaps: Tally = new Map();
  const seen: Tally = new Map();
  const { perMinute, perHour, latencyMs, persistent = false } = options;
  let failingShare = FAILING_SHARE;
  const receiver = await startFailingReceiver(random, () => failingShare, mishaps);
  const fleet = await startFleet({
    persistent,
    defender: { perMinute, perHour, latencyMs },
    settings: {
      QUOTA_PER_MINUTE: String(perMinute),
      QUOTA_PER_HOUR: String(perHour),
      ...destinationSettings({ [DESTINATION]: receiver.url }),
    },
  });
  const running: Instance[] = await fleet.launch(...Array(options.instances).fill({}));
  const anyone = () => running[Math.floor(random() * running.length)] as Instance;
  const books = new DeliveryBooks(findings);
  return {
    random,
    findings,
    /** What went wrong so far, by kind. */
    mishaps,
    /** What callers saw, by kind. */
    seen,
    receiver,
    fleet,
    /** Instances that run; which ones changes. */
    running,
    anyone,
    books,
    /** From now on the receiver takes everything. */
    healReceiver() {
      failingShare = 0;
    },
    /** Ends an instance, at once or as the platform does, and starts another in its place. */
    async replace(at: number, how: 'killed' | 'told to end') {
      count(mishaps, `instance ${how}`);
      if (how === 'killed') await running[at]?.kill();
      else running[at]?.terminate();
      [running[at]] = await fleet.launch({});
    },
    /** The balance once nothing is queued any more; leases and waits are let pass. */
    async drained(patienceMs: number): Promise<Balance> {
      const untilMs = performance.now() + patienceMs;
      for (let looks = 0; ; looks++) {
        if (looks % LOOKS_PER_LEASE === 0) await fleet.passLease();
        await sleep(LOOK_MS);
        const balance = await books.balance(anyone);
        if (balance.queued === 0) return balance;
        if (performance.now() < untilMs) continue;
        findings.add(`${balance.queued} deliveries stay queued`);
        return balance;
      }
    },
    /** Ends all, prints what there was, and ends this process: with 1 if anything was that must not be. */
    async end(): Promise<never> {
      await fleet.close().catch(({ message }: Error) => findings.add(message));
      await receiver.close();
      for (const instance of fleet.launched) {
        const written = await instance.written;
        checkSilent(written, 'the log', findings);
        for (const [kept] of written.matchAll(/^kept up by .*$/gm)) findings.add(`an instance was ${kept}`);
      }
      table('what went wrong', mishaps);
      table('what callers saw', seen);
      return conclude(findings);
    },
  };
}
