import fetch from 'node-fetch';
import { BUILT } from './builds.js';
import { inTurn, judged, median, ms, quantile, type Row, timed } from './measure.js';
import { startApps } from './process.js';
import { freshAlert, freshAlertId, post } from './requests.js';
import type { StandIns } from './stand-ins/stand-ins.js';

const MOST_ADDED_MS = 2;
const MOST_ROUND_TRIPS = 3;

/** An answer that has to be asked for, over what the call alone costs; and what the ledger costs. */
export async function uncachedRows(standIns: StandIns, rounds: number): Promise<Row[]> {
  const { memory, blob, counted } = standIns;
  const apps = await startApps({
    memory: { directory: BUILT.app, settings: memory },
    blob: { directory: BUILT.app, settings: blob },
    counted: { directory: BUILT.app, settings: counted },
    hello: { directory: BUILT.hello, settings: memory },
  });
  try {
    const headers = { Authorization: `Bearer ${await readyToken(standIns)}` };
    const bareCall = async () => {
      const response = await fetch(`${standIns.defenderUrl}/api/alerts/${freshAlertId()}/ips`, { headers });
      await response.json();
    };
    const results = await inTurn(
      {
        bare: () => timed(bareCall),
        hello: () => timed(() => post(apps.urls.hello, freshAlert())),
        memory: () => timed(() => post(apps.urls.memory, freshAlert())),
        blob: () => timed(() => post(apps.urls.blob, freshAlert())),
      },
      rounds,
      Math.min(rounds, 50),
    );
    const { bare, hello } = results;
    const added = median(results.memory) - median(bare);
    const described = (list: readonly number[]) => `${ms(median(list))} (p95 ${ms(quantile(list, 0.95))})`;
    const roundTrips = await countRoundTrips(standIns, apps.urls.counted, rounds);
    return [
      judged(
        'uncached answer, memory ledger, over a bare node-fetch call',
        `${described(results.memory)}, bare ${ms(median(bare))}: +${ms(added)}, of which the host's own way ${ms(median(hello))}`,
        `≤ +${MOST_ADDED_MS} ms`,
        added <= MOST_ADDED_MS,
      ),
      judged(
        'uncached answer, ledger in Azurite',
        `${described(results.blob)}: ${roundTrips.toFixed(1)} storage round trips`,
        `≤ ${MOST_ROUND_TRIPS} round trips`,
        roundTrips <= MOST_ROUND_TRIPS,
      ),
    ];
  } finally {
    await apps.end();
  }
}

/** Round trips for one answer, everything that goes on after the answer included. */
async function countRoundTrips(standIns: StandIns, url: string, rounds: number): Promise<number> {
  await post(url, freshAlert()); // makes the container
  const before = await settledCount(standIns);
  for (let n = 0; n < rounds; n++) await post(url, freshAlert());
  return ((await settledCount(standIns)) - before) / rounds;
}

/** The count once it has stopped growing. */
async function settledCount(standIns: StandIns): Promise<number> {
  for (let last = -1; ; ) {
    const { storage } = await standIns.counts();
    if (storage === last) return storage;
    last = storage;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function readyToken({ memory, audience }: StandIns): Promise<string> {
  const query = new URLSearchParams({ 'api-version': '2019-08-01', resource: audience });
  const answer = await fetch(`${memory.IDENTITY_ENDPOINT}?${query}`, {
    headers: { 'X-IDENTITY-HEADER': memory.IDENTITY_HEADER ?? '' },
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}
