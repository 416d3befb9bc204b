import type { Azurite } from '../azurite.js';

/** Lets time pass at once, for everything on this machine that takes part. */
export type Skip = (ms: number) => Promise<void>;

/**
 * Makes this process's clocks movable, and Azurite's with them: the built app, the Defender simulator
 * and the storage account go on together, so that a minute of waiting takes a moment. The app knows
 * nothing of it. Timers that run are not shortened; nothing that is under way should be.
 */
export function movableTime(azurite: Azurite): Skip {
  let aheadMs = 0;
  const monotonicMs = performance.now.bind(performance);
  const RealDate = Date;
  Object.defineProperty(performance, 'now', { value: () => monotonicMs() + aheadMs });
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given) =>
      given.length === 0 ? new target(target.now() + aheadMs) : Reflect.construct(target, given),
    get: (target, name) => (name === 'now' ? () => target.now() + aheadMs : Reflect.get(target, name)),
  });
  return async (ms) => {
    await azurite.setAhead(aheadMs + ms);
    aheadMs += ms;
  };
}
