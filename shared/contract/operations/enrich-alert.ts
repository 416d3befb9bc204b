import { FORMATS } from '../../formats/index.js';
import { FORMAT_SCHEMAS } from '../format-schemas.js';
import type { Answer, Content, Operation } from '../operation.js';
import { ENRICH_OPTIONS, LONGEST_VALIDATION_TOKEN } from '../options.js';
import { PAYLOADS } from '../payloads.js';
import { ANY_DOOR, DELEGATION, FORWARD, LOOKUP, problems } from '../problems.js';
import { formatExamples } from '../sample.js';
import { ref, type Schema } from '../schema.js';

/** A result in any form, as `enrichAlert` and an ended job answer it. */
export function enrichedContent(): Record<string, Content> {
  const examples = formatExamples();
  return Object.fromEntries(
    [...examples].map(([mediaType, ofType]) => {
      const names = FORMATS.map(({ name }) => name).filter((name) => name in ofType);
      const schemas = mediaType.endsWith('json') ? names.map(schemaOf) : [{ type: 'string' as const }];
      const schema = schemas.length > 1 ? { anyOf: schemas } : (schemas[0] as Schema);
      return [mediaType, { schema, examples: ofType }];
    }),
  );
}

function schemaOf(format: string): Schema {
  if (format in FORMAT_SCHEMAS) return ref(`${format}Answer`);
  throw new TypeError(`the form "${format}" is JSON and has no schema`);
}

/** Headers of a result that was forwarded. */
export const FORWARDED = { 'Delivery-Id': 'sometimes', 'Delivery-Status': 'sometimes' } as const;

/** A job that runs. */
export const ACCEPTED: Answer = {
  description: 'The work goes on as a job: `Location` is where to ask for it, `Retry-After` when.',
  headers: { Location: 'always', 'Retry-After': 'always' },
  content: {
    'application/json': {
      schema: ref('RunningJob'),
      examples: {
        running: {
          summary: 'A job of 130 alerts',
          value: {
            enrichment: {
              id: '0123456789abcdef0123456789abcdef',
              status: 'running',
              done: 100,
              total: 130,
              retryAfterSeconds: 63,
            },
          },
        },
      },
    },
  },
};

/** The answer of `200`, with what handshakes get in its place. */
function answered(): Answer {
  const content = enrichedContent();
  const { schema, examples = {} } = content['application/json'] as Content;
  return {
    description: 'The enriched alert, in the form that `format` names; or the answer to a handshake.',
    headers: {
      'Enrichment-Status': 'sometimes',
      'x-stats-missing': 'sometimes',
      'Retry-After': 'sometimes',
      ...FORWARDED,
    },
    content: {
      ...content,
      'application/json': {
        schema: { anyOf: [...(schema.anyOf ?? []), ref('ValidationResponse')] },
        examples: {
          ...examples,
          eventGrid: {
            summary: "Event Grid's handshake",
            value: { validationResponse: '512d38b6-c7b8-40c8-89fe-f46f9e9622b6' },
          },
        },
      },
      'text/plain': {
        schema: { type: 'string' },
        examples: { graph: { summary: "Graph's handshake: its token", value: 'Validation: Testing client' } },
      },
    },
  };
}

export const enrichAlert: Operation = {
  id: 'enrichAlert',
  method: 'post',
  path: '/enrichAlert',
  title: 'Enrich an alert with its IP addresses',
  description:
    'Post a security alert as you have it: the shape is recognised. The same alert comes back with the addresses that Microsoft Defender for Endpoint ties to it. Each alert in the payload is looked up once. An unknown option or value is a 400 that lists what is known.',
  tag: 'Enrichment',
  visibility: 'important',
  key: 'function and user',
  options: ENRICH_OPTIONS,
  parameters: [
    {
      name: 'validationToken',
      in: 'query',
      required: false,
      title: "Graph's handshake",
      description: 'Microsoft Graph sends it once, when a subscription is made, and gets it back.',
      visibility: 'advanced',
      schema: { type: 'string', maxLength: LONGEST_VALIDATION_TOKEN },
    },
    {
      name: 'aeg-event-type',
      in: 'header',
      required: false,
      title: "Event Grid's event type",
      description: '`SubscriptionValidation` is the handshake of Event Grid.',
      visibility: 'advanced',
      schema: { type: 'string' },
    },
  ],
  body: {
    schema: {
      title: 'Alert',
      description: 'Any JSON in UTF-8 that holds alerts: see the examples.',
    },
    examples: PAYLOADS,
  },
  answers: {
    200: answered(),
    202: ACCEPTED,
    ...problems([
      'unknown-option',
      'invalid-option',
      'option-not-available',
      'invalid-body',
      'client-state-wrong',
      'body-timeout',
      'body-too-large',
      'answer-too-large',
      'dedupe-reused',
      'unsupported-media-type',
      'no-alert-found',
      'too-many-bodies',
      ...DELEGATION,
      ...LOOKUP,
      ...FORWARD,
      ...ANY_DOOR,
    ]),
  },
};

export const cloudEventsHandshake: Operation = {
  id: 'allowEvents',
  method: 'options',
  path: '/enrichAlert',
  title: 'Ask whether an origin may send CloudEvents',
  description: 'The handshake of CloudEvents. An origin that may not send gets no `WebHook-Allowed-Origin`.',
  tag: 'Enrichment',
  visibility: 'internal',
  key: 'function',
  options: {},
  parameters: [
    {
      name: 'WebHook-Request-Origin',
      in: 'header',
      required: false,
      title: 'Origin',
      description: 'Who wants to send, such as `eventgrid.azure.net`.',
      visibility: 'advanced',
      schema: { type: 'string' },
    },
  ],
  answers: {
    200: {
      description: 'Asked and answered.',
      headers: {
        Allow: 'always',
        'WebHook-Allowed-Origin': 'sometimes',
        'WebHook-Allowed-Rate': 'sometimes',
      },
    },
    ...problems(ANY_DOOR),
  },
};
