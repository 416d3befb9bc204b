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
}

/** The machine's own clock. */
export const systemClock: Clock = {
  epochMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        resolve();
      }, ms);
      signal?.addEventListener('abort', stop, { once: true });
    }),
};
