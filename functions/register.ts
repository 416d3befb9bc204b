import { app } from '@azure/functions';
import type { Startup } from '../shared/app/app.js';
import { registerAlertIps } from './alertIps.js';
import { registerContract } from './contract.js';
import { registerDeliveries } from './deliveries.js';
import { registerDeliveryWorker } from './deliveryWorker.js';
import { registerDocs } from './docs.js';
import { registerDoctor } from './doctor.js';
import { registerEnrichAlert } from './enrichAlert.js';
import { registerEnrichmentStatus } from './enrichmentStatus.js';
import { registerHealth } from './health.js';
import { registerJobWorker } from './jobWorker.js';
import { registerSweep } from './sweep.js';
import { registerTelemetry } from './telemetry.js';

/**
 * Registers every door, also with wrong settings: then each of them answers what is wrong, and no timer
 * runs and no queue is listened to.
 */
export function registerFunctions(startup: Startup): void {
  registerEnrichAlert(startup);
  registerAlertIps(startup);
  registerEnrichmentStatus(startup);
  registerHealth(startup);
  registerDoctor(startup);
  registerContract(startup);
  registerDocs(startup);
  registerDeliveries(startup);
  registerJobWorker(startup);
  registerDeliveryWorker(startup);
  registerSweep(startup);
  if (!startup.ok) return;
  registerTelemetry(startup.app);
  app.hook.appTerminate(() => startup.app.stop());
}
