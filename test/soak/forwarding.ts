/**
 * 2,000 alerts forwarded through workers that are killed, to a receiver that fails three times in ten, in every
 * way: `npm run soak:forwarding -- [seed]`. After each kill the books are balanced: what was accepted is
 * delivered, queued or a dead letter. Exits with 1 if anything was that must not be.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { checkProblem } from './findings.js';
import { type Balance, DESTINATION } from './forwards.js';
import { count } from './mishaps.js';
import { openSoak } from './open.js';

const ALERTS = 2_000;
const CALLERS = 12;
const KILLS = 5;
/** Defender's limits are not what is looked at here. */
const NO_LIMIT = 100_000;
/** One that found no room may stay away for a quarter of an hour (shared/delivery/slots.ts). */
const PATIENCE_MS = 1_200_000;
const AGAIN_MS = 200;

const soak = await openSoak(`soak of forwarding, ${ALERTS} alerts`, {
  instances: 2,
  perMinute: NO_LIMIT,
  perHour: NO_LIMIT,
  latencyMs: { min: 0, max: 5 },
});
const { random, findings, receiver, running, anyone, books } = soak;

let posted = 0;
const callers = Promise.all(Array.from({ length: CALLERS }, callOn));
for (let kills = 1; kills <= KILLS; kills++) {
  while (books.accepted < (kills * ALERTS) / (KILLS + 1)) await sleep(20);
  await soak.replace(Math.floor(random() * running.length), 'killed');
  tell(`after kill ${kills}`, await books.balance(anyone));
}
await callers;
tell('all accepted', await books.balance(anyone));

soak.healReceiver();
tell('drained', await soak.drained(PATIENCE_MS));
const again = await books.redeliver(anyone);
console.log(`dead letters sent again: ${again}`);
const end = await soak.drained(PATIENCE_MS);
tell('drained', end);
if (end['dead-lettered'] > 0)
  findings.add(`${end['dead-lettered']} dead letters, to a receiver that is well`);
books.check(receiver);
console.log(`attempts that arrived: ${receiver.received.length}, of ${books.accepted} deliveries`);
await soak.end();

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
  count(soak.seen, answer ? `answered ${answer.status}` : 'cut off by a kill');
  if (answer && answer.status !== 200) checkProblem(answer, findings);
  if (answer?.status !== 200) return false;
  books.enter(answer, [alertId]);
  return true;
}

function tell(when: string, balance: Balance): void {
  const { accepted, delivered, queued, 'dead-lettered': dead } = balance;
  console.log(
    `${when}: accepted ${accepted} = delivered ${delivered} + queued ${queued} + dead-lettered ${dead}`,
  );
}
