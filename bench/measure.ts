/** One line of the table. */
export interface Row {
  readonly measure: string;
  readonly result: string;
  /** What it has to be, in words; absent: shown only. */
  readonly bar?: string;
  readonly isMet?: boolean;
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/**
 * Several contenders in turn, round after round, so that whatever else the machine does hits all of
 * them. Each round begins with another one, and the first ones only warm up.
 *
 * @returns each contender's results, one for each round
 */
export async function inTurn<K extends string, T>(
  contenders: Readonly<Record<K, () => Promise<T>>>,
  rounds: number,
  warmUpRounds: number,
): Promise<Record<K, T[]>> {
  const names = Object.keys(contenders) as K[];
  const results = Object.fromEntries(names.map((name) => [name, [] as T[]])) as Record<K, T[]>;
  for (let round = -warmUpRounds; round < rounds; round++) {
    const first = (round + warmUpRounds) % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const result = await contenders[name]();
      if (round >= 0) results[name].push(result);
    }
  }
  return results;
}

/** The median of the rounds' ratios: what slowed a round down slowed both sides. */
export function ratio(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
}

/** A row that is met or missed. */
export function judged(measure: string, result: string, bar: string, isMet: boolean): Row {
  return { measure, result, bar, isMet };
}

/** A row without a bar. */
export function shown(measure: string, result: string): Row {
  return { measure, result };
}

/** How long `run` takes, in ms. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await run();
  return performance.now() - beganMs;
}

export const ms = (value: number) => `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;
export const times = (value: number) => `${value.toFixed(2)} ×`;

/** Rows as a Markdown table. */
export function asTable(rows: readonly Row[]): string {
  const verdict = ({ isMet }: Row) => (isMet === undefined ? 'shown' : isMet ? 'met' : '**missed**');
  return [
    '| measure | result | bar | verdict |',
    '|---|---|---|---|',
    ...rows.map((row) => `| ${row.measure} | ${row.result} | ${row.bar ?? ''} | ${verdict(row)} |`),
  ].join('\n');
}
