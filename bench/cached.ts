import { BUILT } from './builds.js';
import { SAMPLES } from './fixtures/payloads.js';
import { inTurn, judged, median, type Row, ratio, times } from './measure.js';
import { type AppUnderMeasurement, startApps } from './process.js';
import { post } from './requests.js';
import type { StandIns } from './stand-ins/stand-ins.js';

const BLOCK_MS = 400;
const LEAST = 0.85;

/** Answers from the cache beside a function that parses the same JSON and writes as long an answer. */
export async function cachedRows({ memory }: StandIns, rounds: number): Promise<Row[]> {
  const body = SAMPLES[0]?.text(1) ?? '';
  const length = (await answersOf({ directory: BUILT.app, settings: memory }, body)).length;
  const bare = (await answersOf({ directory: BUILT.echo, settings: memory }, body)).length;
  const padded = { ...memory, PADDING_LENGTH: String(length - bare) };
  const apps = await startApps({
    ours: { directory: BUILT.app, settings: memory },
    echo: { directory: BUILT.echo, settings: padded },
  });
  try {
    const rows: Row[] = [];
    for (const atOnce of [1, 20]) {
      const { ours, echo } = await inTurn(
        {
          ours: () => throughput(apps.urls.ours, body, atOnce),
          echo: () => throughput(apps.urls.echo, body, atOnce),
        },
        rounds,
        2,
      );
      const share = ratio(ours, echo);
      rows.push(
        judged(
          `cached answer of ${length} characters, ${atOnce} at once`,
          `${median(ours).toFixed(0)} a second, echo ${median(echo).toFixed(0)}: ${times(share)}`,
          `≥ ${LEAST} × an echo as long`,
          share >= LEAST,
        ),
      );
    }
    return rows;
  } finally {
    await apps.end();
  }
}

/** What an app answers to one post. */
async function answersOf(app: AppUnderMeasurement, body: string): Promise<string> {
  const { urls, end } = await startApps({ app });
  try {
    return await post(urls.app, body);
  } finally {
    await end();
  }
}

/** Answers a second, with so many requests under way all the time. */
async function throughput(url: string, body: string, atOnce: number): Promise<number> {
  const beganMs = performance.now();
  let answers = 0;
  const ask = async () => {
    while (performance.now() - beganMs < BLOCK_MS) {
      await post(url, body);
      answers += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, ask));
  return (answers * 1000) / (performance.now() - beganMs);
}
