import { Agent } from 'node:http';
import fetch from 'node-fetch';
import { startReceiver } from '../local/receiver/receiver.js';
import { BUILT } from './builds.js';
import { inTurn, median, type Row, ratio, shown, times } from './measure.js';
import { type AppUnderMeasurement, Worker } from './process.js';
import { freshAlert, post } from './requests.js';
import type { StandIns } from './stand-ins/stand-ins.js';

const DELIVERIES = 200;
/** As many as a worker has in work at once, with one destination (`MOST_AT_ONCE` in shared/delivery/slots.ts). */
const AT_ONCE = 6;

/** Deliveries through one worker, with its storage, beside a loop that only sends the same bodies. */
export async function deliveryRows({ blob }: StandIns, rounds: number): Promise<Row[]> {
  const receiver = await startReceiver();
  const arrivals: number[] = [];
  receiver.behave = () => void arrivals.push(performance.now());
  const { url } = receiver;
  const app: AppUnderMeasurement = {
    directory: BUILT.app,
    settings: { ...blob, FORWARD_DESTINATIONS: JSON.stringify({ siem: { url } }) },
  };
  const accepting = new Worker(BUILT.worker);
  await accepting.ready();
  const appUrl = await accepting.assign(app);

  async function throughWorker(): Promise<number> {
    const posts = Array.from({ length: DELIVERIES }, freshAlert);
    await atOnce(posts, async (alert) => void (await post(appUrl, alert, 'forward=siem')));
    const sending = new Worker(BUILT.worker);
    await sending.ready();
    return arriving(async () => {
      await sending.assign({ ...app, listens: true });
      return () => sending.end();
    });
  }

  async function bareLoop(): Promise<number> {
    const body = receiver.received.at(-1)?.body ?? '';
    const agent = new Agent({ keepAlive: true });
    return arriving(async () => {
      const send = () => fetch(url, { method: 'POST', body, agent }).then((answer) => answer.arrayBuffer());
      await atOnce(Array(DELIVERIES).fill(0), async () => void (await send()));
      return async () => agent.destroy();
    });
  }

  /** Arrivals a second, from the first one on. */
  async function arriving(begin: () => Promise<() => Promise<void>>): Promise<number> {
    arrivals.length = 0;
    const end = await begin();
    while (arrivals.length < DELIVERIES) await new Promise((resolve) => setTimeout(resolve, 5));
    await end();
    return ((DELIVERIES - 1) * 1000) / ((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0));
  }

  try {
    const { worker, bare } = await inTurn({ worker: throughWorker, bare: bareLoop }, rounds, 1);
    return [
      shown(
        'deliveries through one worker and Azurite, beside a bare node-fetch loop to the same receiver',
        `${median(worker).toFixed(0)} a second, bare ${median(bare).toFixed(0)}: ${times(ratio(worker, bare))}`,
      ),
    ];
  } finally {
    await accepting.end();
    await receiver.close();
  }
}

/** Does something with each of `all`, so many at the same time. */
async function atOnce<T>(all: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
  const left = [...all];
  const next = async (): Promise<void> => {
    for (let one = left.pop(); one !== undefined; one = left.pop()) await run(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}
