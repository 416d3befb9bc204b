import { setTimeout as sleep } from 'node:timers/promises';
import { app } from '@azure/functions';
import { parseSettings } from '../shared/app/settings.js';
import { takeLargeHeaders } from './hooks.js';
import { registerFunctions } from './register.js';

// Without streaming the host drops a body that has no Content-Length, which is how .NET clients send.
app.setup({ enableHttpStream: true });
takeLargeHeaders();

/**
 * The host gets its functions before the app's code is loaded: while it prepares to call them, this process has
 * nothing else to do. The Functions worker (3.9.1, measured) is idle for 26 ms between its answer and the first
 * request. Where state is stored, the look at the storage (register.ts) has the code loaded at once.
 */
const LOAD_AFTER_MS = 20;

const parsed = parseSettings(process.env);
let warming: Promise<void> | undefined;
const load = registerFunctions(parsed, async () => {
  const { start } = await import('./running.js');
  const started = start(parsed);
  warming = started.warming;
  return started.running;
});

/** Resolves when nothing is left to be loaded before the first request; nobody has to wait for it. */
export const warm: Promise<void> = sleep(LOAD_AFTER_MS)
  .then(load)
  .then(
    () => warming,
    () => {}, // the first request tries again, and says so if that fails
  );
