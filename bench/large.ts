import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BUILT } from './builds.js';
import { SAMPLES } from './fixtures/payloads.js';
import { inTurn, judged, median, ms, type Row, ratio, timed, times } from './measure.js';
import { startApps } from './process.js';
import { post } from './requests.js';
import type { StandIns } from './stand-ins/stand-ins.js';

const SIZES = [100, 1_000, 10_000] as const;
/** What one alert of 10,000 may cost, in those of one of 100. */
const MOST_GROWTH = 1.5;
const MOST_STALL = 2.5;
const MOST_DELAY_MS = 100;

/** Large payloads of which everything is cached: how the time grows, and how long the process stands still. */
export async function largeRows({ memory }: StandIns, rounds: number): Promise<Row[]> {
  const settings = { ...memory, MAX_BODY_BYTES: String(100 * 1024 * 1024), IPS_CACHE_SECONDS: '86400' };
  const apps = await startApps({ ours: { directory: BUILT.app, settings } });
  const { ours: worker } = apps.workers;
  const texts = SIZES.map((size) => SAMPLES[0]?.text(size) ?? '');
  const [small = '', , large = ''] = texts;
  const file = join(BUILT.app, '../bench/large.json');
  await writeFile(file, large);
  const { ours: url } = apps.urls;
  try {
    await post(url, large, 'wait=220'); // asks about each alert once
    const perAlertUs = SIZES.map(
      (size, n) => async () => ((await timed(() => post(url, texts[n] ?? ''))) * 1000) / size,
    );
    const [of100, of1000, of10000] = perAlertUs as [
      () => Promise<number>,
      () => Promise<number>,
      () => Promise<number>,
    ];
    const grown = await inTurn({ of100, of1000, of10000 }, rounds, 1);
    const costs = [grown.of100, grown.of1000, grown.of10000].map(median);
    const growth = ratio(grown.of10000, grown.of100);
    const stood = await inTurn(
      {
        ours: () => worker.longestStall(() => post(url, large)),
        json: () => worker.parseAndStringify(file),
      },
      rounds,
      1,
    );
    const stall = ratio(stood.ours, stood.json);
    const single = SAMPLES[0]?.text(1) ?? '';
    const alone = [];
    for (let n = 0; n < 100; n++) alone.push(await timed(() => post(url, single)));
    const beside: number[] = [];
    for (let n = 0; n < rounds; n++) {
      let isUnderWay = true;
      const big = post(url, large).finally(() => {
        isUnderWay = false;
      });
      while (isUnderWay) beside.push(await timed(() => post(url, single)));
      await big;
    }
    const delayMs = median(beside) - median(alone);
    return [
      judged(
        'everything cached, 100, 1,000 and 10,000 alerts in one payload',
        `${costs.map((us) => us.toFixed(0)).join(', ')} µs an alert (${(large.length / 1e6).toFixed(0)} MB; ${(small.length / 1e3).toFixed(0)} kB): ${times(growth)}`,
        `linear: ≤ ${MOST_GROWTH} × an alert of 100`,
        growth <= MOST_GROWTH,
      ),
      judged(
        '10,000 alerts, everything cached: longest stall of the event loop',
        `${ms(median(stood.ours))}, parse + stringify ${ms(median(stood.json))}: ${times(stall)}`,
        `≤ ${MOST_STALL} × parse + stringify`,
        stall <= MOST_STALL,
      ),
      judged(
        'cached answers beside 10,000 alerts in one payload: delay at the median',
        `${ms(delayMs)}, longest ${ms(Math.max(...beside))} (${ms(median(alone))} alone)`,
        `≤ ${MOST_DELAY_MS} ms`,
        delayMs <= MOST_DELAY_MS,
      ),
    ];
  } finally {
    await apps.end();
  }
}
