import { enriched } from './enriched.js';
import type { Format } from './format.js';
import { ips } from './ips.js';

/** All forms, the default one first. */
export const FORMATS: readonly [Format, ...Format[]] = [enriched, ips];
