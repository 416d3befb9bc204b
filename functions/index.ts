import { app } from '@azure/functions';
import { createApp } from '../shared/app.js';
import { registerFunctions } from './register.js';

// Without streaming the host drops a body that has no Content-Length, which is how .NET clients send.
app.setup({ enableHttpStream: true });
registerFunctions(createApp(process.env));
