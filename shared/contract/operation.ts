import type { OptionSet, OptionText } from './option-kinds.js';
import type { Schema } from './schema.js';
import { DELIVERY_STATUSES, ENRICHMENT_STATUSES } from './statuses.js';

/** A named example, as a designer offers it. */
export interface Example {
  readonly summary: string;
  readonly value: unknown;
}

/** A body of one media type. */
export interface Content {
  readonly schema: Schema;
  readonly examples?: Readonly<Record<string, Example>>;
}

/** Headers of answers that are part of the contract. */
export const HEADERS = {
  'Retry-After': {
    description: 'Whole seconds after which asking again can help.',
    schema: { type: 'integer', minimum: 0 },
  },
  Location: { description: 'The absolute address to ask at, token and all.', schema: { type: 'string' } },
  'Enrichment-Status': {
    description: 'What `enrichment.status` says, for the forms that have no place for it.',
    schema: { type: 'string', enum: ENRICHMENT_STATUSES },
  },
  'x-stats-missing': {
    description: 'With `stats=true`: how many public addresses came without statistics.',
    schema: { type: 'integer', minimum: 0 },
  },
  'Delivery-Id': {
    description: 'What `delivery.id` says, for the forms that have no place for it.',
    schema: { type: 'string' },
  },
  'Delivery-Status': {
    description: 'What `delivery.status` says.',
    schema: { type: 'string', enum: DELIVERY_STATUSES },
  },
  'WWW-Authenticate': {
    description: "Which user's token is wanted, with the claims challenge where Entra gave one.",
    schema: { type: 'string' },
  },
  'WebHook-Allowed-Origin': { description: 'The origin that may send.', schema: { type: 'string' } },
  'WebHook-Allowed-Rate': {
    description: 'How many requests a minute it may make.',
    schema: { type: 'string' },
  },
  Allow: { description: 'The methods of this route.', schema: { type: 'string' } },
  ETag: { description: 'What this version of the file is known by.', schema: { type: 'string' } },
  'x-ms-client-request-id': {
    description: "The request's own, where it had one.",
    schema: { type: 'string' },
  },
} as const satisfies Record<string, { readonly description: string; readonly schema: Schema }>;

/** A header's name; see the table above. */
export type HeaderName = keyof typeof HEADERS;

/** One answer of an operation. */
export interface Answer {
  readonly description: string;
  /** Whether the header is always there. */
  readonly headers?: Readonly<Partial<Record<HeaderName, 'always' | 'sometimes'>>>;
  /** By media type; empty: no body. */
  readonly content?: Readonly<Record<string, Content>>;
}

/** A parameter that is no option: part of the path, of a handshake, or a header. */
export interface Parameter extends OptionText {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Schema;
}

/** A method of a route, described once for both documents. */
export interface Operation {
  readonly id: string;
  readonly method: 'get' | 'post' | 'options';
  /** Below the route prefix. */
  readonly path: string;
  readonly title: string;
  /** Markdown. */
  readonly description: string;
  readonly tag: string;
  readonly visibility: 'important' | 'advanced' | 'internal';
  /** Whether the host wants the function key; whether the caller may send a user's token beside it. */
  readonly key: 'none' | 'function' | 'function and user';
  readonly parameters: readonly Parameter[];
  readonly options: OptionSet;
  /** Of a JSON body. */
  readonly body?: Content;
  /** By status. */
  readonly answers: Readonly<Record<number, Answer>>;
}

/** Components by name. */
export type Schemas = Readonly<Record<string, Schema>>;
