/**
 * What is played with a queue listener. Each scenario tells in facts what it saw; equal facts are agreement.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DEFAULTS,
  type Handler,
  type Listener,
  type ListenerSettings,
  type StartListener,
} from './listener.js';
import type { Account, Fault } from './storage.js';

/** What was seen, by a name for each fact. */
export type Facts = Readonly<Record<string, string | number | boolean>>;

/** One scenario. It opens its own queue, so that all run at the same time. */
export interface QueueScenario {
  readonly name: string;
  run(stage: Stage): Promise<Facts>;
}

/** What scenarios are given. */
export interface Stage {
  account(): Promise<Account>;
  start: StartListener;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Looks until it is so; false when it is not within the time. */
async function eventually(isSo: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<boolean> {
  for (const endMs = performance.now() + withinMs; performance.now() < endMs; await sleep(50)) {
    if (await isSo()) return true;
  }
  return false;
}

/** A queue with one message in it, a listener, and what its function saw. */
async function play(
  { account: open, start }: Stage,
  handler: Handler,
  {
    texts = [base64('one')],
    settings = {},
    fault,
  }: {
    readonly texts?: readonly string[];
    readonly settings?: Partial<ListenerSettings>;
    readonly fault?: Account['fault'];
  },
): Promise<{ account: Account; listener: Listener; seen: string[]; leases: number[] }> {
  const account = await open();
  await account.create();
  for (const text of texts) await account.send(text);
  if (fault) account.fault = fault;
  const seen: string[] = [];
  const leases: number[] = [];
  const listener = await start(account, { ...DEFAULTS, ...settings }, async (message) => {
    seen.push(`${message.dequeueCount} ${message.text}`);
    leases.push(message.leaseMs);
    await handler(message);
  });
  return { account, listener, seen, leases };
}

const done: Handler = async () => {};
const failing: Handler = async () => {
  throw new Error('The function fails.');
};

/** How an encoded text arrives at the function. */
async function decoded(stage: Stage, text: string): Promise<string> {
  const { account, listener, seen } = await play(stage, done, {
    texts: [text],
    settings: { maxDequeueCount: 2 },
  });
  await eventually(async () => seen.length > 0 || (await account.poison()).length > 0);
  const [poison] = await account.poison();
  await listener.stop();
  if (poison !== undefined) return poison === text ? 'poison, text as it was' : 'poison, text changed';
  return `function gets ${Buffer.from(seen[0]?.slice(2) ?? '').toString('hex')}`;
}

/** Whether a fault ends the listener, within the time that the library's retries take. */
async function ends(
  stage: Stage,
  of: string,
  fault: Fault | 'refused',
  handler: Handler = done,
): Promise<Facts> {
  const isIdle = of === 'GET messages';
  const { account, listener } = await play(stage, handler, {
    texts: isIdle ? [] : [base64('one')],
    settings: { maxDequeueCount: of === 'POST poison messages' ? 1 : 5 },
    fault: (what) => (fault !== 'refused' && what === of ? fault : undefined),
  });
  if (fault === 'refused') await account.refuse();
  const over = listener.ended.then(() => true);
  const hasEnded = await Promise.race([over, sleep(40_000, false)]);
  if (!hasEnded) await listener.stop();
  return { 'the host': hasEnded ? 'ends' : 'lives' };
}

const FAULTS: readonly (readonly [of: string, fault: Fault | 'refused', handler?: Handler])[] = [
  ['GET messages', { status: 403, code: 'AuthorizationPermissionMismatch' }],
  ['GET messages', { status: 400, code: 'InvalidHeaderValue' }],
  ['GET messages', { status: 404, code: 'QueueNotFound' }],
  ['GET messages', { status: 409, code: 'QueueBeingDeleted' }],
  ['GET messages', { status: 500, code: 'InternalError' }],
  ['GET messages', { status: 503, code: 'ServerBusy' }],
  ['GET messages', { status: 429, code: 'TooManyRequests' }],
  ['GET messages', 'refused'],
  ['DELETE message', { status: 403, code: 'AuthorizationPermissionMismatch' }],
  ['DELETE message', { status: 404, code: 'MessageNotFound' }],
  ['DELETE message', { status: 503, code: 'ServerBusy' }],
  ['PUT message', { status: 403, code: 'AuthorizationPermissionMismatch' }, failing],
  ['POST poison messages', { status: 403, code: 'AuthorizationPermissionMismatch' }, failing],
];

/** All of them. */
export const QUEUE_SCENARIOS: readonly QueueScenario[] = [
  {
    name: 'a message is worked on once and deleted',
    run: async (stage) => {
      const { account, listener, seen, leases } = await play(stage, done, {});
      const isGone = await eventually(async () => (await account.count()) === 0);
      await listener.stop();
      return {
        seen: seen.join(),
        'minutes of lease': Math.round((leases[0] ?? 0) / 60_000),
        deleted: isGone,
      };
    },
  },
  {
    name: 'a function that fails: tries, release, poison',
    run: async (stage) => {
      const text = base64('{"id":"é"}');
      const { account, listener, seen } = await play(stage, failing, {
        texts: [text],
        settings: { maxDequeueCount: 3, visibilityMs: 1000 },
      });
      await eventually(async () => (await account.poison()).length > 0);
      await eventually(async () => (await account.count()) === 0);
      const releases = account.exchanges.filter(({ what }) => what === 'PUT message');
      await listener.stop();
      return {
        seen: seen.join(),
        poison: (await account.poison()).join() === text ? 'text as it was' : 'other text',
        'releases as': releases
          .map(
            ({ query, bodyBytes }) =>
              `visibilitytimeout=${query.get('visibilitytimeout')}, ${bodyBytes} bytes`,
          )
          .join('; '),
        'left in the queue': await account.count(),
      };
    },
  },
  {
    name: 'a message that was delivered too often is not worked on',
    run: async (stage) => {
      const { account, listener, seen } = await play(stage, failing, { settings: { maxDequeueCount: 1 } });
      await eventually(async () => (await account.poison()).length > 0);
      await listener.stop();
      return { seen: seen.join() };
    },
  },
  ...[
    ['Base64', base64('plain é')],
    ['Base64 with blanks', ' cGxh\taW4= '],
    ['Base64 with line ends', 'cGxh\r\naW4='],
    ['Base64 whose last bits are not zero', 'cGxhaW5='],
    ['Base64 without padding', 'cGxhaW4'],
    ['Base64url', 'w7_Dvw=='],
    ['no Base64', 'plain text!'],
  ].map(
    ([name = '', text = '']): QueueScenario => ({
      name: `decoding: ${name}`,
      run: async (stage) => ({ result: await decoded(stage, text) }),
    }),
  ),
  {
    name: 'decoding: Base64 of what is not UTF-8',
    run: async (stage) => {
      const { account, listener, seen } = await play(stage, done, {
        texts: [Buffer.from([0xff, 0xfe, 0x41]).toString('base64')],
        settings: { maxDequeueCount: 2 },
      });
      await eventually(async () => seen.length > 0 || (await account.poison()).length > 0);
      await listener.stop();
      return { 'the function is called': seen.length > 0 };
    },
  },
  ...[
    { batchSize: 16, newBatchThreshold: 8, most: 24 },
    { batchSize: 4, newBatchThreshold: 1, most: 5 },
    { batchSize: 1, newBatchThreshold: 0, most: 1 },
  ].map(
    ({ batchSize, newBatchThreshold, most }): QueueScenario => ({
      name: `concurrency: batches of ${batchSize}, next at ${newBatchThreshold}`,
      run: async (stage) => {
        let open: () => void = () => {};
        const gate = new Promise<void>((resolve) => {
          open = resolve;
        });
        let atOnce = 0;
        let peak = 0;
        const { listener, seen } = await play(
          stage,
          async () => {
            atOnce += 1;
            peak = Math.max(peak, atOnce);
            if (seen.length <= batchSize) await Promise.race([gate, sleep(8_000)]);
            else await sleep(100);
            atOnce -= 1;
          },
          {
            texts: Array.from({ length: 3 * batchSize + 2 }, (_, index) => base64(String(index))),
            settings: { batchSize, newBatchThreshold },
          },
        );
        await eventually(() => atOnce === batchSize);
        await sleep(1500); // another batch would have come by now
        const first = atOnce;
        open();
        const all = await eventually(() => seen.length >= 3 * batchSize + 2);
        await listener.stop();
        return { 'first batch': first, 'never more than both': peak <= most, 'all worked on': all };
      },
    }),
  ),
  {
    name: 'an empty queue is asked ever more seldom',
    run: async (stage) => {
      const { account, listener } = await play(stage, done, { texts: [], settings: { maxPollingMs: 2000 } });
      await sleep(9_000);
      const at = account.exchanges.filter(({ what }) => what === 'GET messages').map(({ atMs }) => atMs);
      await listener.stop();
      const gaps = at.slice(1).map((ms, index) => ms - (at[index] ?? 0));
      const last = gaps.at(-1) ?? 0;
      return {
        'the first wait is shorter than the last': (gaps[0] ?? 0) < last,
        'last wait is about maxPollingInterval': last > 1200 && last < 2600,
      };
    },
  },
  {
    name: 'a queue that is made later',
    run: async (stage) => {
      const account = await stage.account();
      const seen: string[] = [];
      const listener = await stage.start(account, DEFAULTS, async ({ text }) => void seen.push(text));
      await sleep(1000);
      await account.create();
      await account.send(base64('late'));
      const isSeen = await eventually(() => seen.length > 0);
      await listener.stop();
      return { seen: isSeen };
    },
  },
  {
    name: 'shutdown waits for the function, takes no new message and deletes the old one',
    run: async (stage) => {
      const { account, listener, seen } = await play(stage, () => sleep(3000), {
        settings: { batchSize: 1, newBatchThreshold: 0 },
        texts: [base64('one'), base64('two')],
      });
      await eventually(() => seen.length > 0);
      const before = account.exchanges.length;
      await listener.stop();
      const after = account.exchanges.slice(before).map(({ what }) => what);
      return { after: after.join(), left: await account.count() };
    },
  },
  ...FAULTS.map(([of, fault, handler]): QueueScenario => {
    const what = fault === 'refused' ? 'is refused' : `answers ${fault.status} ${fault.code}`;
    return { name: `${of} ${what}`, run: (stage) => ends(stage, of, fault, handler) };
  }),
];
