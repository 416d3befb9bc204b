import { app } from '@azure/functions';
import type { Startup } from '../shared/app.js';
import { registerAlertIps } from './alertIps.js';
import { registerDoctor } from './doctor.js';
import { registerEnrichAlert } from './enrichAlert.js';
import { registerHealth } from './health.js';
import { registerSweep } from './sweep.js';

/** Registers every door, also with wrong settings: then each of them answers what is wrong, and no timer runs. */
export function registerFunctions(startup: Startup): void {
  registerEnrichAlert(startup);
  registerAlertIps(startup);
  registerHealth(startup);
  registerDoctor(startup);
  registerSweep(startup);
  // A help to the other instances, no more: a process can end without it.
  if (startup.ok) app.hook.appTerminate(() => startup.app.lookup.settled());
}
