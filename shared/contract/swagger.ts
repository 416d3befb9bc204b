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
import {
  type Answer,
  type Content,
  HEADERS,
  type HeaderName,
  type Operation,
  type Parameter,
} from './operation.js';
import { OPERATIONS } from './operations/index.js';
import type { Schema } from './schema.js';

/**
 * The contract as Swagger 2.0 with Microsoft's extensions, as custom connectors of Logic Apps and Power
 * Automate take it (https://learn.microsoft.com/connectors/custom-connectors/openapi-extensions). It cannot
 * say "one of these": a 200 is described in its default form, and problems in theirs.
 *
 * @param base the absolute address below which the routes stand, without a slash at the end
 */
export function swaggerDocument(base: string) {
  const { host, pathname, protocol } = new URL(base);
  return {
    swagger: '2.0',
    info: INFO,
    host,
    basePath: pathname,
    schemes: [protocol.slice(0, -1)],
    consumes: ['application/json'],
    produces: ['application/json', 'application/problem+json'],
    tags: TAGS,
    paths: byPath(OPERATIONS, describe),
    definitions: Object.fromEntries(
      Object.entries(COMPONENTS).map(([name, schema]) => [name, describeSchema(schema)]),
    ),
    // One only: the wizard for custom connectors takes one kind of authentication.
    securityDefinitions: { functionKey: KEY_SCHEMES.functionKey },
  };
}

function describe(operation: Operation) {
  const { id, title, description, tag, visibility, body, answers, key } = operation;
  const mediaTypes = Object.values(answers).flatMap(({ content = {} }) => Object.keys(content));
  return {
    operationId: id,
    summary: title,
    description,
    tags: [tag],
    'x-ms-visibility': visibility,
    ...(mediaTypes.length > 0 ? { produces: [...new Set(mediaTypes)] } : {}),
    security: key === 'none' ? [] : [{ functionKey: [] }],
    parameters: [...parametersOf(operation).map(describeParameter), ...(body ? [describeBody(body)] : [])],
    responses: Object.fromEntries(
      answersOf(operation).map(([status, answer]) => [status, describeAnswer(answer)]),
    ),
  };
}

function describeParameter({ name, in: place, required, title, description, visibility, schema }: Parameter) {
  return {
    name,
    in: place,
    required,
    ...schema,
    description: withoutLinks(description),
    'x-ms-summary': title,
    'x-ms-visibility': visibility,
    ...(place === 'path' ? { 'x-ms-url-encoding': 'single' } : {}),
  };
}

function describeBody({ schema, examples = {} }: Content) {
  const [example] = Object.values(examples);
  return {
    name: 'body',
    in: 'body',
    required: true,
    description: schema.description,
    'x-ms-summary': schema.title,
    'x-ms-visibility': 'important',
    schema: { ...describeSchema(schema), example: example?.value },
  };
}

function describeAnswer({ description, headers = {}, content = {} }: Answer) {
  const [first] = Object.values(content);
  const examples = Object.entries(content).flatMap(([mediaType, { examples: ofType = {} }]) =>
    Object.values(ofType)
      .slice(0, 1)
      .map(({ value }) => [mediaType, value]),
  );
  const named = [...Object.keys(headers), 'x-ms-client-request-id'] as HeaderName[];
  return {
    description,
    ...(first ? { schema: describeSchema(first.schema) } : {}),
    headers: Object.fromEntries(
      named.map((name) => [name, { ...HEADERS[name].schema, description: HEADERS[name].description }]),
    ),
    ...(examples.length > 0 ? { examples: Object.fromEntries(examples) } : {}),
  };
}

/** Swagger's dialect of a schema: of several, the first; what designers show, in Microsoft's words. */
function describeSchema(schema: Schema): object {
  const { $ref, anyOf, nullable, items, properties, title, ...rest } = schema;
  if ($ref) return { $ref: $ref.replace('#/components/schemas/', '#/definitions/') };
  if (anyOf?.[0]) return describeSchema(anyOf[0]);
  return {
    ...rest,
    ...(title ? { title, 'x-ms-summary': title } : {}),
    ...(nullable ? { 'x-nullable': true } : {}),
    ...(items ? { items: describeSchema(items) } : {}),
    ...(properties
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, property]) => [name, describeSchema(property)]),
          ),
        }
      : {}),
  };
}
