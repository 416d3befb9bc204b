import { app } from '@azure/functions';
import type { Startup } from '../shared/app/app.js';
import { door } from '../shared/http/door.js';
import { pageAnswer, pageFileAnswer } from '../shared/http/page-file.js';

/** Made by scripts/docs-page.mjs. It is the same place seen from here and from dist/index.js. */
const FOLDER = new URL('../dist/docs-page/', import.meta.url);

/** `GET /api/docs`: a page to read the contract on and try it. Open to anyone; the contract wants the key. */
export function registerDocs(startup: Startup): void {
  app.http('docs', {
    methods: ['GET'],
    authLevel: 'anonymous',
    handler: door(startup, (_app, request) => pageAnswer(FOLDER, request)),
  });
  app.http('docsFile', {
    methods: ['GET'],
    authLevel: 'anonymous',
    route: 'docs/{file}',
    handler: door(startup, (_app, { params, headers }) => pageFileAnswer(FOLDER, params.file ?? '', headers)),
  });
}
