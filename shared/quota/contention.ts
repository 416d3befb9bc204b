import type { Clock } from '../base/clock.js';
import { type LedgerState, placeOf } from './ledger-state.js';

/**
 * How much of an exchange with the store the slot of one instance takes: a swap is lost when another one
 * comes between its read and its write, which are one exchange apart; and exchanges differ.
 */
const SLOT_SHARE = 1.5;
/** Before it is known how long an exchange takes: as long as is usual. */
const USUAL_EXCHANGE_MS = 15;
/** The longest wait for a turn, and before another try. */
export const LONGEST_WAIT_MS = 1_000;
/** So many swaps lost in a row tell a burst from two instances that met by chance. */
const CROWD_LOSSES = 2;
/** How long turns are kept after that: bursts follow one another (test/simulation/bursts measures 1.3 lost swaps a call
 * without turns, 0.2 with them); after a quiet while the first burst finds out again. */
const CROWDED_MS = 120_000;

/**
 * When an instance tries to swap while others do. Who meets nobody tries at once. In a crowd all know from
 * the ledger who writes and how long an exchange takes, so each waits for its slot in an order that all agree
 * on; who loses all the same waits at random.
 */
export class Contention {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #id: string;
  #lostInARow = 0;
  #crowdedUntilMs = Number.NEGATIVE_INFINITY;

  /** @param id this instance's name in the ledger */
  constructor(clock: Clock, random: () => number, id: string) {
    this.#clock = clock;
    this.#random = random;
    this.#id = id;
  }

  won(): void {
    this.#lostInARow = 0;
  }

  lost(): void {
    if (++this.#lostInARow < CROWD_LOSSES) return;
    this.#crowdedUntilMs = this.#clock.monotonicMs() + CROWDED_MS;
  }

  /** Milliseconds to wait before the first try. */
  turnMs(state: LedgerState): number {
    const isCrowded = this.#clock.monotonicMs() < this.#crowdedUntilMs;
    return isCrowded ? placeOf(this.#id, state).place * this.#slotMs(state) : 0;
  }

  /** Milliseconds to wait before another try. @param tries that were made */
  backoffMs(tries: number, state: LedgerState): number {
    return Math.min(LONGEST_WAIT_MS, 2 * this.#slotMs(state) * 2 ** tries) * this.#random();
  }

  #slotMs(state: LedgerState): number {
    const { others } = placeOf(this.#id, state);
    const slotMs = (state.exchangeMs || USUAL_EXCHANGE_MS) * SLOT_SHARE;
    return Math.min(slotMs, LONGEST_WAIT_MS / (others + 1));
  }
}
