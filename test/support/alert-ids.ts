/** As many ids as wanted, all different, all known to the simulator. */
export const alertIds = (count: number, from = 1_000_000): string[] =>
  Array.from({ length: count }, (_, n) => `da637472900382838869_${from + n}`);

/** The same, and no two calls' are equal: for tests that share a storage account with what has run before. */
export const freshAlertIds = (count: number): string[] => alertIds(count, Math.floor(Math.random() * 1e8));
