import { app } from '@azure/functions';
import type { Startup } from '../shared/app.js';
import { door } from '../shared/http/door.js';
import { VERSION } from '../shared/version.js';

/** `GET /api/health`: that the app is up and its settings are usable. It asks nothing of anyone. */
export function registerHealth(startup: Startup): void {
  app.http('health', {
    methods: ['GET'],
    authLevel: 'anonymous',
    handler: door(startup, async () => ({ status: 200, jsonBody: { status: 'ok', version: VERSION } })),
  });
}
