import { app } from '@azure/functions';
import { createApp } from '../shared/app/app.js';
import { warmUp } from '../shared/app/warm-up.js';
import { logWhatNobodyCaught, takeLargeHeaders } from './hooks.js';
import { registerFunctions } from './register.js';

// Without streaming the host drops a body that has no Content-Length, which is how .NET clients send.
app.setup({ enableHttpStream: true });
const startup = createApp(process.env);
takeLargeHeaders();
logWhatNobodyCaught(startup.environment.report);
registerFunctions(startup);
/** Resolves when nothing is left to be loaded before the first request; nobody has to wait for it. */
export const warm = startup.ok ? warmUp(startup.app) : Promise.resolve();
