/**
 * 2,000 alerts forwarded through workers that are killed, to a receiver that fails three times in ten, in every
 * way: `npm run soak:forwarding -- [seed]`. After each kill the books are balanced: what was accepted is
 * delivered, queued or a dead letter. Exits with 1 if anything was that must not be.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Instance, startFleet } from '../support/fleet.js';
import { randomFrom } from '../support/random.js';
import { checkProblem, checkSilent, Findings } from './findings.js';
import {
  type Balance,
  DESTINATION,
  DeliveryBooks,
  destinationSettings,
  startFailingReceiver,
} from './forwards.js';
import { conclude, table } from './report.js';

const ALERTS = 2_000;
const CALLERS = 12;
const KILLS = 5;
const INSTANCES = 2;
/** Defender's limits are not what is looked at here. */
const NO_LIMIT = 100_000;
/** The host's lease on the messages of a killed worker. */
const LEASE_MS = 605_000;
const PAUSE_MS = 500;
const PATIENCE_MS = 300_000;
const AGAIN_MS = 200;

const seed = Number(process.argv[2] ?? randomInt(1, 1e9));
console.log(`soak of forwarding: seed ${seed}, ${ALERTS} alerts`);

const random = randomFrom(seed);
const findings = new Findings();
const mishaps = new Map<string, number>();
const seen = new Map<string, number>();
let failingShare = 0.3;
const receiver = await startFailingReceiver(random, () => failingShare, mishaps);
const fleet = await startFleet({
  defender: { perMinute: NO_LIMIT, perHour: NO_LIMIT, latencyMs: { min: 0, max: 5 } },
  settings: {
    QUOTA_PER_MINUTE: String(NO_LIMIT),
    QUOTA_PER_HOUR: String(NO_LIMIT),
    ...destinationSettings({ [DESTINATION]: receiver.url }),
  },
});
const running: Instance[] = await fleet.launch(...Array(INSTANCES).fill({}));
const anyone = () => running[Math.floor(random() * running.length)] as Instance;
const books = new DeliveryBooks(findings);

let posted = 0;
const callers = Promise.all(Array.from({ length: CALLERS }, callOn));
for (let kills = 1; kills <= KILLS; kills++) {
  while (books.accepted < (kills * ALERTS) / (KILLS + 1)) await sleep(20);
  await replace(Math.floor(random() * running.length));
  tell(`after kill ${kills}`, await books.balance(anyone));
}
await callers;
tell('all accepted', await books.balance(anyone));

failingShare = 0;
await drain();
const again = await books.redeliver(anyone);
console.log(`dead letters sent again: ${again}`);
const end = await drain();
if (end['dead-lettered'] > 0)
  findings.add(`${end['dead-lettered']} dead letters, to a receiver that is well`);
books.check(receiver);

const attempts = receiver.received.length;
await Promise.all(running.map((instance) => instance.kill()));
await fleet.close();
await receiver.close();
for (const { written } of fleet.launched) checkSilent(await written, 'the log', findings);
console.log(`attempts that arrived: ${attempts}, of ${books.accepted} deliveries`);
table('what went wrong', mishaps);
table('what callers saw', seen);
conclude(findings);

/** One caller: forwards one alert after the other, each until it is accepted. */
async function callOn(): Promise<void> {
  while (posted < ALERTS) {
    const alertId = `da638710000000000000_${++posted}`;
    while (!(await isAccepted(alertId))) await sleep(AGAIN_MS);
  }
}

async function isAccepted(alertId: string): Promise<boolean> {
  const payload = JSON.stringify({ alertId });
  const answer = await anyone()
    .enrich(payload, `?forward=${DESTINATION}`)
    .catch(() => undefined);
  const kind = answer ? `answered ${answer.status}` : 'cut off by a kill';
  seen.set(kind, (seen.get(kind) ?? 0) + 1);
  if (answer && answer.status !== 200) checkProblem(answer, findings);
  if (answer?.status !== 200) return false;
  books.enter(answer, [alertId]);
  return true;
}

/** Kills an instance at once; what it had in work comes back when its lease is over, which is let pass. */
async function replace(at: number): Promise<void> {
  const victim = running[at];
  const [other] = await fleet.launch({});
  running[at] = other;
  await victim?.kill();
  mishaps.set('worker killed', (mishaps.get('worker killed') ?? 0) + 1);
}

/** Lets leases and waits pass until nothing is queued any more. */
async function drain(): Promise<Balance> {
  const untilMs = performance.now() + PATIENCE_MS;
  for (let aheadMs = LEASE_MS; ; aheadMs += LEASE_MS) {
    await fleet.azurite.setAhead(aheadMs);
    for (let looks = 0; looks < 20; looks++) {
      await sleep(PAUSE_MS);
      const balance = await books.balance(anyone);
      if (balance.queued === 0) {
        tell('drained', balance);
        return balance;
      }
      if (performance.now() > untilMs) {
        findings.add(`${balance.queued} deliveries stay queued`);
        return balance;
      }
    }
  }
}

function tell(when: string, balance: Balance): void {
  const { accepted, delivered, queued, 'dead-lettered': dead } = balance;
  console.log(
    `${when}: accepted ${accepted} = delivered ${delivered} + queued ${queued} + dead-lettered ${dead}`,
  );
}
