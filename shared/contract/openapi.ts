import {
  answersOf,
  byPath,
  COMPONENTS,
  INFO,
  KEY_SCHEMES,
  parametersOf,
  TAGS,
  withoutLinks,
} from './documents.js';
import { type Answer, HEADERS, type HeaderName, type Operation, type Parameter } from './operation.js';
import { OPERATIONS } from './operations/index.js';

/**
 * The contract as OpenAPI 3.0.3 (https://spec.openapis.org/oas/v3.0.3): what API Management, Logic Apps and
 * most generators import; 3.1 is not read everywhere yet.
 *
 * @param base the absolute address below which the routes stand, without a slash at the end
 */
export function openApiDocument(base: string) {
  return {
    openapi: '3.0.3',
    info: INFO,
    servers: [{ url: base }],
    tags: TAGS,
    paths: byPath(OPERATIONS, describe),
    components: {
      schemas: COMPONENTS,
      securitySchemes: {
        ...KEY_SCHEMES,
        userToken: {
          type: 'http',
          scheme: 'bearer',
          description: "With `as=user`: the user's token for the app registration.",
        },
      },
    },
  };
}

function describe(operation: Operation) {
  const { id, title, description, tag, body, key } = operation;
  return {
    operationId: id,
    summary: title,
    description,
    tags: [tag],
    security: SECURITY[key],
    parameters: parametersOf(operation).map(describeParameter),
    ...(body ? { requestBody: { required: true, content: { 'application/json': body } } } : {}),
    responses: Object.fromEntries(
      answersOf(operation).map(([status, answer]) => [status, describeAnswer(answer)]),
    ),
  };
}

const SECURITY: Readonly<Record<Operation['key'], readonly Readonly<Record<string, readonly string[]>>[]>> = {
  none: [],
  function: [{ functionKey: [] }, { functionKeyInQuery: [] }],
  'function and user': [
    { functionKey: [] },
    { functionKeyInQuery: [] },
    { functionKey: [], userToken: [] },
    { functionKeyInQuery: [], userToken: [] },
  ],
};

function describeParameter({ name, in: place, required, title, description, schema }: Parameter) {
  return { name, in: place, required, description: withoutLinks(`${title}: ${description}`), schema };
}

function describeAnswer({ description, headers = {}, content }: Answer) {
  const named = Object.entries({ ...headers, 'x-ms-client-request-id': 'sometimes' });
  return {
    description,
    headers: Object.fromEntries(
      named.map(([name, when]) => [name, { ...HEADERS[name as HeaderName], required: when === 'always' }]),
    ),
    ...(content ? { content } : {}),
  };
}
