import { app } from '@azure/functions';
import type { Startup } from '../shared/app/app.js';
import { COMMIT, VERSION } from '../shared/base/version.js';
import { door } from '../shared/http/door.js';

/** `GET /api/health`: that the app is up and its settings are usable. It asks nothing of anyone. */
export function registerHealth(startup: Startup): void {
  app.http('health', {
    methods: ['GET'],
    authLevel: 'anonymous',
    handler: door(startup, async () => ({
      status: 200,
      jsonBody: { status: 'ok', version: VERSION, commit: COMMIT },
    })),
  });
}
