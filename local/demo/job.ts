import { type Asked, askUntil, type Demo, expectThat, pause, post, type Step } from './asking.js';

const ALERTS = 130;
/** Longer than a minute's window, so that the step begins with a full quota. */
const WINDOW_MS = 63_000;
const BAR = 40;
/** The last seconds of a wait pass by themselves: by then work may have begun. */
const CLOSE_SECONDS = 1;
/** How far time is moved on between two questions. */
const STEP_SECONDS = 12;
/** By then the job's first turn has found that it has to wait. */
const FIRST_TURN_MS = 800;

export const job: Step = {
  title: `${ALERTS} alerts in a minute that allows 100: with mode=auto the rest becomes a job.`,
  run: showJob,
};

async function showJob(demo: Demo): Promise<void> {
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
  const answer = await follow(demo, location);
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
async function follow({ skip }: Demo, location: string): Promise<Asked> {
  const beganMs = Date.now(); // in the time that is skipped
  await pause(FIRST_TURN_MS);
  const answer = await askUntil(
    location,
    ({ status }) => status !== 202,
    async ({ body }) => {
      const { done, total, retryAfterSeconds } = body.enrichment;
      draw(done, total, `about ${retryAfterSeconds} s to go`);
      if (retryAfterSeconds <= CLOSE_SECONDS) return;
      await skip(Math.min(STEP_SECONDS, retryAfterSeconds - CLOSE_SECONDS) * 1000);
    },
  );
  draw(ALERTS, ALERTS, `after ${Math.round((Date.now() - beganMs) / 1000)} s`);
  console.log('\n');
  return answer;
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
