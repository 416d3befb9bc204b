import { ecs } from './ecs.js';
import { enriched } from './enriched.js';
import type { Format } from './format.js';
import { html } from './html.js';
import { ips } from './ips.js';
import { markdown } from './markdown.js';
import { misp } from './misp.js';
import { ocsf } from './ocsf.js';
import { sentinel } from './sentinel.js';
import { stix } from './stix.js';
import { thehive } from './thehive.js';
import { xsoar } from './xsoar.js';

/** All forms, the default one first. */
export const FORMATS: readonly [Format, ...Format[]] = [
  enriched,
  ips,
  sentinel,
  ecs,
  ocsf,
  stix,
  xsoar,
  misp,
  thehive,
  html,
  markdown,
];
