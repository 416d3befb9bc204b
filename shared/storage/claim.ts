/** A turn of work under way. */
export interface Claim {
  readonly by: string;
  /** Past this, whoever made it is taken for dead; by the store's time. */
  readonly untilMs: number;
}

/** Until when somebody else is at work; undefined when nobody is. */
export function heldUntilMs(claim: Claim | undefined, by: string, nowMs: number): number | undefined {
  return claim && claim.by !== by && claim.untilMs > nowMs ? claim.untilMs : undefined;
}
