import { app } from '@azure/functions';
import { parseDoctorOptions } from '../shared/answers/options.js';
import type { Startup } from '../shared/app/app.js';
import { asText } from '../shared/doctor/as-text.js';
import { examine } from '../shared/doctor/examine.js';
import { openDoor } from '../shared/http/door.js';

/**
 * `GET /api/doctor`: why it does not work yet. The one door that answers 200 with wrong settings, since
 * telling them is its work.
 */
export function registerDoctor(startup: Startup): void {
  app.http('doctor', {
    methods: ['GET'],
    authLevel: 'function',
    handler: openDoor(startup, async (request) => {
      const { format, ...asked } = parseDoctorOptions(request.query);
      const report = await examine(startup, asked);
      if (format === 'json') return { status: 200, jsonBody: report };
      return { status: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: asText(report) };
    }),
  });
}
