import { BUILT } from './builds.js';
import { inTurn, median, ms, type Row, ratio, shown, times } from './measure.js';
import { startApps } from './process.js';
import { freshAlert, post } from './requests.js';
import type { StandIns } from './stand-ins/stand-ins.js';

const AT_ONCE = 20;

interface Burst {
  readonly ms: number;
  readonly calls: number;
}

/** Twenty alerts at once, equal or different, beside a client and a token for each and no cache. */
export async function burstRows(standIns: StandIns, rounds: number): Promise<Row[]> {
  const apps = await startApps({
    ours: { directory: BUILT.app, settings: standIns.memory },
    naive: { directory: BUILT.naive, settings: standIns.memory },
  });
  const identical = () => Array<string>(AT_ONCE).fill(freshAlert());
  const different = () => Array.from({ length: AT_ONCE }, freshAlert);
  try {
    const rows: Row[] = [];
    for (const [what, alerts] of Object.entries({ identical, different })) {
      const { ours, naive } = await inTurn(
        {
          ours: () => burst(standIns, apps.urls.ours, alerts()),
          naive: () => burst(standIns, apps.urls.naive, alerts()),
        },
        rounds,
        2,
      );
      const took = (bursts: readonly Burst[]) => bursts.map((one) => one.ms);
      const told = (bursts: readonly Burst[]) =>
        `${ms(median(took(bursts)))} with ${median(bursts.map(({ calls }) => calls))} calls`;
      rows.push(
        shown(
          `${AT_ONCE} ${what} alerts at once, beside a token and a client for each`,
          `${told(ours)}, naive ${told(naive)}: ${times(ratio(took(ours), took(naive)))}`,
        ),
      );
    }
    return rows;
  } finally {
    await apps.end();
  }
}

async function burst(standIns: StandIns, url: string, alerts: readonly string[]): Promise<Burst> {
  const { defender } = await standIns.counts();
  const beganMs = performance.now();
  await Promise.all(alerts.map((alert) => post(url, alert)));
  const tookMs = performance.now() - beganMs;
  return { ms: tookMs, calls: (await standIns.counts()).defender - defender };
}
