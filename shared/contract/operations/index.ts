import type { Operation } from '../operation.js';
import { alertIps } from './alert-ips.js';
import { docs, docsFile, openApi, swagger } from './contract.js';
import { deadLetters, delivery, redeliver, redeliverRange } from './deliveries.js';
import { cloudEventsHandshake, enrichAlert } from './enrich-alert.js';
import { enrichmentStatus } from './enrichments.js';
import { doctor, health } from './operator.js';

/** Every route, in the order of the documents. */
export const OPERATIONS: readonly Operation[] = [
  enrichAlert,
  cloudEventsHandshake,
  enrichmentStatus,
  alertIps,
  deadLetters,
  redeliverRange,
  delivery,
  redeliver,
  doctor,
  health,
  openApi,
  swagger,
  docs,
  docsFile,
];
