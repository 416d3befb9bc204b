import { app, type HttpRequest } from '@azure/functions';
import type { App, Startup } from '../shared/app/app.js';
import { door } from '../shared/http/door.js';
import { routesBase } from '../shared/http/routes-base.js';

/** `GET /api/openapi.json` and `/api/swagger.json`: the contract, made when it is asked for. */
export function registerContract(startup: Startup): void {
  register(startup, 'openapi', async (base) => {
    const { openApiDocument } = await import('../shared/contract/openapi.js');
    return openApiDocument(base);
  });
  register(startup, 'swagger', async (base) => {
    const { swaggerDocument } = await import('../shared/contract/swagger.js');
    return swaggerDocument(base);
  });
}

function register(startup: Startup, name: string, makeDocument: (base: string) => Promise<object>): void {
  app.http(name, {
    methods: ['GET'],
    authLevel: 'function',
    route: `${name}.json`,
    handler: door(startup, async ({ settings }: App, request: HttpRequest) => ({
      status: 200,
      jsonBody: await makeDocument(routesBase(request, settings.publicBaseUrl)),
    })),
  });
}
