import { VERSION } from '../base/version.js';
import { SCHEMAS } from './answer-schemas.js';
import { FORMAT_SCHEMAS } from './format-schemas.js';
import type { Answer, Operation, Parameter, Schemas } from './operation.js';
import type { Option } from './option-kinds.js';

/** What both documents share. */

/** Tags in their order. */
export const TAGS = [
  { name: 'Enrichment', description: 'Alerts in, the same alerts with their IP addresses out.' },
  { name: 'Forwarding', description: 'What became of what was forwarded.' },
  { name: 'Operation', description: 'Whether it works, and what to mend.' },
  { name: 'Contract', description: 'This document, and the page that shows it.' },
];

const DESCRIPTION =
  'Post a security alert in whatever shape you have it, and get the same alert back, enriched with the IP addresses that Microsoft Defender for Endpoint ties to it. Options are query parameters, because Logic Apps strips most headers. Failures are `application/problem+json`; what a retry can mend is a 429, 503 or 504 with `Retry-After`.';

/** What the documents say of themselves. */
export const INFO = {
  title: 'Defender alert IP enrichment',
  version: VERSION,
  description: DESCRIPTION,
  license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
};

const key = { type: 'apiKey', description: 'A key of the function app.' };

/** Both places in which the host takes the function key. */
export const KEY_SCHEMES = {
  functionKey: { ...key, in: 'header', name: 'x-functions-key' },
  functionKeyInQuery: { ...key, in: 'query', name: 'code' },
};

/** Every component. */
export const COMPONENTS: Schemas = {
  ...SCHEMAS,
  ...Object.fromEntries(Object.entries(FORMAT_SCHEMAS).map(([name, schema]) => [`${name}Answer`, schema])),
};

/** The header by which Logic Apps finds its own run; every door echoes it. */
const CLIENT_REQUEST_ID: Parameter = {
  name: 'x-ms-client-request-id',
  in: 'header',
  required: false,
  title: "The caller's request id",
  description: 'Comes back in the answer.',
  visibility: 'advanced',
  schema: { type: 'string' },
};

/** All parameters of an operation, options first. */
export function parametersOf({ options, parameters }: Operation): Parameter[] {
  const named = Object.entries(options).map(([name, option]) => asParameter(name, option));
  return [
    ...parameters.filter(isPath),
    ...named,
    ...parameters.filter((one) => !isPath(one)),
    CLIENT_REQUEST_ID,
  ];
}

function isPath(parameter: Parameter): boolean {
  return parameter.in === 'path';
}

function asParameter(name: string, { title, description, visibility, schema }: Option<unknown>): Parameter {
  return { name, in: 'query', required: false, title, description, visibility, schema };
}

/** Markdown without its links, which lead from the documentation to its neighbours. */
export function withoutLinks(markdown: string): string {
  return markdown.replace(/\[([^\]]+)\]\([^)]+\)/g, '$1');
}

/** By route, then by method. */
export function byPath<T>(
  operations: readonly Operation[],
  describe: (operation: Operation) => T,
): Record<string, Record<string, T>> {
  const paths: Record<string, Record<string, T>> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  }
  return paths;
}

/** The answers of an operation, with the host's own 401, which has no body. */
export function answersOf({ key, answers }: Operation): [status: string, answer: Answer][] {
  const hosts = 'The function key is missing or wrong; without a body.';
  const ours = answers[401];
  const refusal = ours
    ? { ...ours, description: `${hosts} Or: ${ours.description}` }
    : { description: hosts };
  return Object.entries(key === 'none' ? answers : { ...answers, 401: refusal });
}
