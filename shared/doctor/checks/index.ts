import type { Check } from '../check.js';
import { audience } from './audience.js';
import { clientId } from './client-id.js';
import { clock } from './clock.js';
import { compare } from './compare.js';
import { deadLetters } from './dead-letters.js';
import { defender } from './defender.js';
import { delegation } from './delegation.js';
import { destinations } from './destinations.js';
import { graph } from './graph.js';
import { identity } from './identity.js';
import { permission } from './permission.js';
import { queues } from './queues.js';
import { quota } from './quota.js';
import { storage } from './storage.js';
import { telemetry } from './telemetry.js';
import { tokenAge } from './token-age.js';

/** What the doctor looks at, in the order in which it is told. A new check is one file and one line. */
export const CHECKS: readonly Check[] = [
  identity,
  clientId,
  audience,
  permission,
  tokenAge,
  defender,
  graph,
  compare,
  storage,
  queues,
  deadLetters,
  quota,
  clock,
  delegation,
  destinations,
  telemetry,
];
