/** For so many days one can ask what became of a delivery. Also told in forwarding, http-api, operations and security. */
export const DELIVERED_KEPT_DAYS = 7;

/** Long enough that somebody who was on leave can still send it again. */
export const DEAD_KEPT_DAYS = 30;
