/**
 * Time as the app sees it. It is passed in everywhere, so that tests run hours in milliseconds.
 *
 * Two readings, because they answer different questions: `monotonicMs` never jumps and measures
 * waits, deadlines, cache ages and the quota's windows; `epochMs` is the calendar, for token
 * expiry, HTTP dates and what is shown to people.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. Jumps when the machine's clock is set. */
  epochMs(): number;
  /** Milliseconds since some fixed moment. Never goes back. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as `signal` is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `ring` after `ms`, unless what this returns is called before. */
  alarm(ms: number, ring: () => void): () => void;
}

/** Makes a clock's `sleep` of its `alarm`. */
export function sleepBy(alarm: Clock['alarm']): Clock['sleep'] {
  return (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const stop = () => {
        turnOff();
        reject(signal?.reason);
      };
      const turnOff = alarm(ms, () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      });
      signal?.addEventListener('abort', stop, { once: true });
    });
}

function alarm(ms: number, ring: () => void): () => void {
  const timer = setTimeout(ring, ms);
  return () => clearTimeout(timer);
}

/** The machine's own clock. */
export const systemClock: Clock = {
  epochMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: sleepBy(alarm),
  alarm,
};
