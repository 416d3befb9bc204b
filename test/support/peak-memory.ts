import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** The real ones, which a test replaces later. */
const { setTimeout } = globalThis;
const now = performance.now.bind(performance);

/** Between two looks; and looking takes a fifth of the time at most, however large this process is by now. */
const PAUSE_MS = 25;

/**
 * What `work` gives, and the most bytes in buffers that somebody in this process held meanwhile, beyond those
 * before. Garbage is collected before each look: what has passed through and was not swept yet says
 * nothing of what is held.
 */
export async function mostHeldDuring<T>(work: () => Promise<T>): Promise<{ result: T; mostHeld: number }> {
  const before = heldBytes();
  let mostHeld = 0;
  let isDone = false;
  const working = work().finally(() => {
    isDone = true;
  });
  for (let pauseMs = PAUSE_MS; !isDone; ) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const beganMs = now();
    mostHeld = Math.max(mostHeld, heldBytes() - before);
    pauseMs = Math.max(PAUSE_MS, 4 * (now() - beganMs));
  }
  return { result: await working, mostHeld };
}

function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}
