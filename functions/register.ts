import type { Startup } from '../shared/app.js';
import { registerAlertIps } from './alertIps.js';
import { registerDoctor } from './doctor.js';
import { registerEnrichAlert } from './enrichAlert.js';
import { registerHealth } from './health.js';

/** Registers every door, also with wrong settings: then each of them answers what is wrong. */
export function registerFunctions(startup: Startup): void {
  registerEnrichAlert(startup);
  registerAlertIps(startup);
  registerHealth(startup);
  registerDoctor(startup);
}
