import type { Findings } from './findings.js';

/** Prints counts as a table. */
export function table(title: string, counts: ReadonlyMap<string, number>): void {
  console.log(`\n| ${title} | times |\n|---|---|`);
  for (const [kind, times] of [...counts].sort()) console.log(`| ${kind} | ${times} |`);
}

/** Prints what must not have been, and ends the process: with 1 if there is any. */
export function conclude({ all }: Findings): never {
  console.log(all.length === 0 ? '\nNothing that must not be.' : `\nMUST NOT BE:\n- ${all.join('\n- ')}`);
  process.exit(all.length === 0 ? 0 : 1);
}
