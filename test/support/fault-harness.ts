import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { FakeTimers } from './fake-timers.js';
import { type OnRequest, type RawServer, startRawServer, startSilentServer } from './raw-server.js';
import { startWorld, type World, type WorldOptions } from './world.js';

/** Longer than anything that may still run when a caller has been answered: a token attempt, a drain. */
const AFTERGLOW_MS = 30_000;

/** Real time in which closed handles have to be gone; only a real leak takes it. */
const LONGEST_CLOSING_MS = 10_000;

/** What a test of faults works with. */
export interface FaultHarness {
  readonly time: FakeTimers;
  /** Waits for something to start; it is closed at the test's end. */
  keep<T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T>;
  startWorld(options?: WorldOptions): Promise<World>;
  startRawServer(onRequest: OnRequest): Promise<RawServer>;
  startSilentServer(): Promise<RawServer>;
}

/**
 * Gives each test of a file its virtual time and its worlds, and checks at its end that the app is
 * alive, that nothing secret got out (see `World.close`), and that no timer and no handle is left.
 */
export function faultHarness(): FaultHarness {
  let time: FakeTimers;
  let before: Map<string, number>;
  const closers: (() => Promise<void>)[] = [];

  beforeEach(() => {
    before = handles();
    time = new FakeTimers();
  });
  afterEach(async () => {
    try {
      for (const close of closers.splice(0).reverse()) await time.until(close());
      await time.pass(AFTERGLOW_MS);
      expect(time.timers).toBe(0);
    } finally {
      time.end();
    }
    await expectNoHandleLeft(before);
  });

  async function keep<T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    const started = await time.until(starting);
    closers.push(() => started.close());
    return started;
  }

  return {
    get time() {
      return time;
    },
    keep,
    startWorld: (options) => keep(startWorld(options)),
    startRawServer: (onRequest) => keep(startRawServer(onRequest)),
    startSilentServer: () => keep(startSilentServer()),
  };
}

/**
 * What keeps this process up, by kind. Immediates are this file's own waiting; real timers are
 * Jest's and Node's, since the app's are the virtual ones.
 */
function handles(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind !== 'Immediate' && kind !== 'Timeout') counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** Closed sockets are there until the system has closed them, too. Time is the real one by now. */
async function expectNoHandleLeft(before: ReadonlyMap<string, number>): Promise<void> {
  const left = () => [...handles()].filter(([kind, count]) => count > (before.get(kind) ?? 0));
  const untilMs = performance.now() + LONGEST_CLOSING_MS;
  while (left().length > 0 && performance.now() < untilMs) await turn();
  expect(left()).toEqual([]);
}
