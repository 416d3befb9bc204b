import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { openApiDocument } from '../../shared/contract/openapi.js';
import type { Answer } from './exchange.js';

/** Looks whether answers are what the OpenAPI document says: see `checkAnswer`. */

const PREFIX = '/api';
const contract = openApiDocument(PREFIX);

type Response = ReturnType<typeof responseOf>;

/** What HTTP itself and browsers know, and no contract needs to name. */
const EVERYDAY = new Set([
  'cache-control',
  'connection',
  'content-length',
  'content-security-policy',
  'content-type',
  'date',
  'keep-alive',
  'referrer-policy',
  'transfer-encoding',
  'x-content-type-options',
  'x-ms-invocation-id', // the host's own
]);

const ajv = formats.default(new Ajv({ strict: false, allErrors: true }));
ajv.addSchema(closed(contract) as object, 'contract');
const validators = new Map<string, ValidateFunction>();

/**
 * Throws unless an answer is one that the contract knows: its status, its headers, its media type, its body
 * without any property that is not described, and of a problem its kind.
 */
export function checkAnswer(method: string, path: string, answer: Answer): void {
  const wrong = deviations(method, path, answer);
  if (wrong.length === 0) return;
  const { status, text } = answer;
  const asked = `${method} ${path.slice(0, 200)}`;
  throw new Error(`${asked} answered ${status}: ${wrong.join('; ')}\n${text.slice(0, 2_000)}`);
}

/** Whether the contract knows a status of a route. */
export function isDocumented(method: string, path: string, { status }: Answer): boolean {
  const found = find(method, path);
  return found !== undefined && responseOf(found.operation, status) !== undefined;
}

function deviations(method: string, path: string, answer: Answer): string[] {
  const { status, text } = answer;
  const found = find(method, path);
  if (!found) {
    return status === 404 && text === '' ? [] : ['the contract has no such route, and the host answers 404'];
  }
  if (status === 401 && text === '' && found.operation.security.length > 0) return [];
  // What the host refuses by the size of its head never reaches the app.
  if ((status === 414 || status === 431) && text === '') return [];
  const response = responseOf(found.operation, status);
  if (!response) return ['the contract does not know this status here'];
  return [...wrongHeaders(response, answer), ...wrongBody(found, response, answer)];
}

function find(method: string, path: string) {
  const route = new URL(path, 'http://host').pathname; // without dot segments, as the host routes
  for (const [template, methods] of Object.entries(contract.paths)) {
    const pattern = `^${PREFIX}${template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}/?$`;
    const operation = methods[method.toLowerCase()];
    if (operation && new RegExp(pattern, 'i').test(route)) {
      return { template, method: method.toLowerCase(), operation };
    }
  }
  return undefined;
}

function responseOf(operation: (typeof contract.paths)[string][string], status: number) {
  return operation.responses[String(status)];
}

function wrongHeaders(response: NonNullable<Response>, { headers }: Answer): string[] {
  const declared = Object.entries(response.headers);
  const missing = declared.filter(([name, { required }]) => required && !(name.toLowerCase() in headers));
  const known = new Set(declared.map(([name]) => name.toLowerCase()));
  const unknown = Object.keys(headers).filter((name) => !known.has(name) && !EVERYDAY.has(name));
  const wrong = declared.filter(([name, { schema }]) => {
    const value = headers[name.toLowerCase()];
    return value !== undefined && !ajv.validate(schema, schema.type === 'integer' ? Number(value) : value);
  });
  return [
    ...missing.map(([name]) => `the header ${name} is missing`),
    ...unknown.map((name) => `the contract does not know the header ${name}`),
    ...wrong.map(([name]) => `the header ${name} is not what the contract says`),
  ];
}

function wrongBody(
  { template, method }: { template: string; method: string },
  response: NonNullable<Response>,
  { status, headers, text, json }: Answer,
): string[] {
  const mediaType = String(headers['content-type'] ?? '').split(';')[0] as string;
  const content = response.content?.[mediaType];
  if (!content)
    return text === '' && !response.content ? [] : [`the contract does not know "${mediaType}" here`];
  const pointer = ['paths', template, method, 'responses', String(status), 'content', mediaType, 'schema'];
  const validate = validatorOf(`contract#/${pointer.map(escapePointer).join('/')}`);
  const value = mediaType.endsWith('json') ? json : text;
  if (!validate(value)) return [ajv.errorsText(validate.errors, { dataVar: 'body' })];
  if (mediaType !== 'application/problem+json') return [];
  const kind = String(json.type).split(':').at(-1) as string;
  return kind in (content.examples ?? {}) ? [] : [`the contract does not know "${kind}" here`];
}

function validatorOf(reference: string): ValidateFunction {
  const validator = validators.get(reference) ?? ajv.compile({ $ref: reference });
  validators.set(reference, validator);
  return validator;
}

function escapePointer(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}

/** The document with every object closed: callers must bear what is new, our tests must not. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(
    Object.entries(node).flatMap(([name, value]) => (name === 'examples' ? [] : [[name, closed(value)]])),
  );
  return copy.type === 'object' && 'properties' in copy && !('additionalProperties' in copy)
    ? { ...copy, additionalProperties: false }
    : copy;
}
