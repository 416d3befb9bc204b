import { registerFunctions } from '../../functions/register.js';
import { run } from '../../functions/running.js';
import type { Startup } from '../../shared/app/app.js';

/** Registers the functions of an app that is there already. */
export function registerApp(startup: Startup): void {
  const parsed = startup.ok ? { ok: startup.ok, settings: startup.app.settings } : startup;
  registerFunctions(parsed, async () => run(startup));
}
