import type { Operation } from '../operation.js';
import { ANY_DOOR, problems } from '../problems.js';

/** The contract itself, and the page that shows it. */

const shared = { method: 'get', tag: 'Contract', visibility: 'internal', options: {} } as const;

export const openApi: Operation = {
  ...shared,
  id: 'openapi',
  path: '/openapi.json',
  title: 'Get the OpenAPI document',
  description: 'OpenAPI 3.0, for SOAR products, gateways and code generators.',
  key: 'function',
  parameters: [],
  answers: {
    200: {
      description: 'The document.',
      content: { 'application/json': { schema: { type: 'object' } } },
    },
    ...problems(ANY_DOOR),
  },
};

export const swagger: Operation = {
  ...openApi,
  id: 'swagger',
  path: '/swagger.json',
  title: 'Get the Swagger document',
  description: 'Swagger 2.0, for custom connectors of Logic Apps and Power Automate.',
};

const file = {
  headers: { ETag: 'always' },
  content: { 'text/html': { schema: { type: 'string' } } },
} as const;

export const docs: Operation = {
  ...shared,
  id: 'docs',
  path: '/docs',
  title: 'Read about the routes, and try them',
  description: 'A page for people. It asks for the function key, and keeps it in the page only.',
  key: 'none',
  parameters: [],
  answers: {
    200: { description: 'The page.', ...file },
    304: { description: 'It is as the browser has it.', headers: { ETag: 'always' } },
    ...problems(ANY_DOOR),
  },
};

export const docsFile: Operation = {
  ...shared,
  id: 'docsFile',
  path: '/docs/{file}',
  title: 'Get a file of the page',
  description: 'What the page is made of.',
  key: 'none',
  parameters: [
    {
      name: 'file',
      in: 'path',
      required: true,
      title: 'File',
      description: 'Its name.',
      visibility: 'advanced',
      schema: { type: 'string' },
    },
  ],
  answers: {
    200: {
      description: 'The file.',
      headers: { ETag: 'always' },
      content: {
        'text/css': { schema: { type: 'string' } },
        'text/javascript': { schema: { type: 'string' } },
      },
    },
    304: { description: 'It is as the browser has it.', headers: { ETag: 'always' } },
    404: { description: 'There is no such file. No body.' },
    ...problems(ANY_DOOR),
  },
};
