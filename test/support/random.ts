/** A small generator of numbers from 0 to below 1, so that a failing run can be repeated. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    // The lowest bits of this generator repeat soon.
    return ((state >>> 8) & 0xff_ffff) / 2 ** 24;
  };
}
