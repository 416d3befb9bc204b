import { type Asked, ask, type Demo, expectThat, post } from './asking.js';

const ALERTS = 130;
/** Longer than a minute's window, so that the step begins with a full quota. */
const WINDOW_MS = 63_000;
const BAR = 40;
/** Between two questions, in real time. */
const POLL_MS = 100;
/** The last seconds of a wait pass by themselves: by then work may have begun. */
const CLOSE_SECONDS = 1;
/** How far time is moved on between two questions. */
const STEP_SECONDS = 12;
/** By then the job's first turn has found that it has to wait. */
const FIRST_TURN_MS = 800;

/** More alerts than a minute allows: the rest becomes a job, which the caller follows. */
export async function job(demo: Demo): Promise<void> {
  console.log(`\n5. ${ALERTS} alerts in a minute that allows 100: with mode=auto the rest becomes a job.\n`);
  await demo.skip(WINDOW_MS);
  const alertIds = Array.from({ length: ALERTS }, (_, n) => `da637472900382838869_${70_000_000 + n}`);
  const before = demo.defender.arrivals.length;
  const accepted = await post(demo, JSON.stringify({ alertIds }), '?mode=auto');
  const location = accepted.headers.get('location') ?? '';
  const seconds = Number(accepted.headers.get('retry-after'));
  expectThat(
    `answered 202 in ${accepted.ms} ms, to be asked for again in ${seconds} s`,
    accepted.status === 202,
  );
  console.log('\n  (from here on time is made fast, for the app, the simulator and the storage alike)\n');
  const answer = await follow(demo, location, accepted);
  const { enrichment } = answer.body;
  expectThat(
    'answered 200 in the end, and complete',
    answer.status === 200 && enrichment?.status === 'complete',
  );
  expectThat(`${enrichment?.alerts?.length} alerts with their IPs`, enrichment?.alerts?.length === ALERTS);
  const calls = demo.defender.arrivals.length - before;
  expectThat(`${calls} calls to Defender, one for each`, calls === ALERTS);
}

/** Asks at a job's address until there is an answer, and draws how far it is. */
async function follow({ skip }: Demo, location: string, accepted: Asked): Promise<Asked> {
  await pause(FIRST_TURN_MS);
  let answer = accepted;
  let waitedMs = FIRST_TURN_MS;
  while (answer.status === 202) {
    const { done, total, retryAfterSeconds } = answer.body.enrichment;
    draw(done, total, `about ${retryAfterSeconds} s to go`);
    if (retryAfterSeconds > CLOSE_SECONDS) {
      const skipMs = Math.min(STEP_SECONDS, retryAfterSeconds - CLOSE_SECONDS) * 1000;
      await skip(skipMs);
      waitedMs += skipMs;
    }
    await pause(POLL_MS);
    waitedMs += POLL_MS;
    answer = await ask(location);
  }
  draw(ALERTS, ALERTS, `after ${Math.round(waitedMs / 1000)} s`);
  console.log('\n');
  return answer;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

let drawn = '';

/** On a terminal the bar grows in its line; elsewhere each change of it is a line. */
function draw(done: number, total: number, note: string): void {
  const full = Math.round((BAR * done) / total);
  const bar = `  [${'█'.repeat(full)}${'·'.repeat(BAR - full)}] ${done} of ${total}, ${note}`;
  if (bar === drawn) return;
  drawn = bar;
  if (process.stdout.isTTY) process.stdout.write(`\r${bar.padEnd(BAR + 45)}`);
  else console.log(bar);
}
