import { openApiDocument } from '../../shared/contract/openapi.js';
import { PAYLOADS } from '../../shared/contract/payloads.js';
import type { Schema } from '../../shared/contract/schema.js';
import fc from '../support/properties.js';

/** A request as it goes over the wire. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const { paths } = openApiDocument('/api');
const OPERATIONS = Object.entries(paths).flatMap(([template, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ template, method, operation })),
);
type Parameter = (typeof OPERATIONS)[number]['operation']['parameters'][number];

/** What a header can carry. */
const headerValue = fc.stringMatching(/^[\x21-\x7e]{1,20}$/);

/** A value that a parameter's schema allows. */
function allowed({ type, enum: words, pattern, minimum, maximum }: Schema): fc.Arbitrary<string> {
  if (words) return fc.constantFrom(...words.map(String));
  if (type === 'boolean') return fc.constantFrom('true', 'false');
  if (type === 'integer') return fc.integer({ min: minimum ?? 0, max: maximum ?? 1000 }).map(String);
  return pattern ? fc.stringMatching(new RegExp(pattern)) : fc.string({ minLength: 1, maxLength: 40 });
}

/** Mostly an allowed value, else anything. */
function value({ in: place, schema }: Parameter): fc.Arbitrary<string> {
  if (place === 'header') return headerValue;
  const anything = fc.oneof(
    fc.string({ maxLength: 300, unit: 'binary' }),
    fc.constantFrom('', '..', '0', '-1', 'true'),
  );
  return fc.oneof({ weight: 5, arbitrary: allowed(schema as Schema) }, { weight: 1, arbitrary: anything });
}

/** Parameters by name, most optional ones left out: so some requests have nothing wrong with them. */
function values(parameters: readonly Parameter[]): fc.Arbitrary<Record<string, string>> {
  const entries = parameters.map((parameter) => {
    const given = value(parameter);
    const perhaps = fc.oneof(
      { weight: 5, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: given },
    );
    return [parameter.name, parameter.required ? given : perhaps];
  });
  return fc.record(Object.fromEntries(entries)).map(withoutUndefined);
}

/** One of the examples, a part of one, any JSON, or any text. */
const body = fc.oneof(
  fc.constantFrom(...Object.values(PAYLOADS).map(({ value: payload }) => JSON.stringify(payload))),
  fc
    .tuple(fc.constantFrom(...Object.values(PAYLOADS)), fc.nat(), fc.string({ maxLength: 5 }))
    .map(([{ value: payload }, at, text]) => cutAndPaste(JSON.stringify(payload), at, text)),
  fc.json({ maxDepth: 4 }),
  fc.string({ unit: 'binary', maxLength: 50 }),
);

function cutAndPaste(text: string, at: number, between: string): string {
  const place = at % text.length;
  return text.slice(0, place) + between + text.slice(place + between.length);
}

/** Requests that the contract describes, and such as are a little or entirely wrong. */
export function requests(key: string): fc.Arbitrary<Request> {
  return fc.oneof(
    ...OPERATIONS.map((operation) => ({
      // What takes a body has most to go wrong.
      weight: operation.operation.requestBody ? 10 : 1,
      arbitrary: requestsOf(operation, key),
    })),
  );
}

function requestsOf({ template, method, operation }: (typeof OPERATIONS)[number], key: string) {
  const { parameters, requestBody } = operation;
  const of = (place: string) => values(parameters.filter((each) => each.in === place));
  return fc
    .record({
      inPath: of('path'),
      inQuery: of('query'),
      unknown: fc.option(fc.tuple(fc.string(), fc.string()), { nil: undefined, freq: 10 }),
      inHeader: of('header'),
      mediaType: fc.oneof({ weight: 9, arbitrary: fc.constant('application/json') }, headerValue),
      hasKey: fc.nat(19).map((n) => n > 0),
      posted: requestBody ? body : fc.constant(undefined),
    })
    .map(({ inPath, inQuery, unknown, inHeader, mediaType, hasKey, posted }): Request => {
      const query = new URLSearchParams([...Object.entries(inQuery), ...(unknown ? [unknown] : [])]);
      const filled = template.replace(/\{(\w+)\}/g, (_all, name: string) => encode(inPath[name] ?? ''));
      return {
        method: method.toUpperCase(),
        path: `/api${filled}?${query}`,
        headers: {
          ...inHeader,
          ...(posted === undefined ? {} : { 'content-type': mediaType }),
          ...(hasKey ? { 'x-functions-key': key } : {}),
        },
        body: posted,
      };
    });
}

/** As `encodeURIComponent`, of half a surrogate pair too. */
function encode(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

function withoutUndefined(record: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([name, each]) => (each === undefined ? [] : [[name, each]])),
  );
}
