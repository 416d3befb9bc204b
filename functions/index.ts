import { setTimeout as sleep } from 'node:timers/promises';
import { app } from '@azure/functions';
import { parseSettings } from '../shared/app/settings.js';
import { takeLargeHeaders } from './hooks.js';
import { registerFunctions } from './register.js';

// Without streaming the host drops a body that has no Content-Length, which is how .NET clients send.
app.setup({ enableHttpStream: true });
takeLargeHeaders();

const parsed = parseSettings(process.env);
const load = registerFunctions(parsed, async () => {
  const { start } = await import('./running.js');
  return start(parsed);
});

/**
 * The host gets its functions before the app's code is loaded: while it prepares to call them, this process
 * has nothing else to do. The Functions worker (3.9.1, measured) is idle for 26 ms between its answer and the
 * first request, of which the first 7 belong to the host's questions.
 */
const UNTIL_IDLE_MS = 15;

/** Resolves when nothing is left to be done before the first request; nobody has to wait for it. */
export const warm: Promise<void> = prepare().catch(() => {}); // the first request tries again, and reports it

async function prepare(): Promise<void> {
  await sleep(UNTIL_IDLE_MS);
  const { app: loaded, warmUp } = await load();
  // The look at the storage has loaded it at once (register.ts): it is answered first, and the host with it.
  if (loaded?.shared) await sleep(UNTIL_IDLE_MS);
  await warmUp();
}
