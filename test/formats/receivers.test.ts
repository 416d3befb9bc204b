import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { FORMATS } from '../../shared/formats/index.js';
import { manyIps, NOTHING_FOUND, ONE_ALERT, PARTIAL, rendered, SHARED } from './enrichments.js';

/**
 * What receivers demand, written down from their own documents: no npm package carries the schemas of STIX, OCSF,
 * MISP or TheHive, and that of Elastic's fields has types only. Members that a rule does not name are refused, so that
 * nothing is sent that a strict receiver would not take.
 */
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const text = { type: 'string', minLength: 1 };
const ip = { type: 'string', anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] };

function object(properties: object, required = Object.keys(properties)) {
  return { type: 'object', properties, required, additionalProperties: false };
}

function list(items: object, more: object = {}) {
  return { type: 'array', items, ...more };
}

/** A STIX 2.1 address: sections 2.9 (identifiers), 6.7 and 6.8; ids of observables are version 5 UUIDs. */
function stixAddress(type: string, format: string) {
  return object({
    type: { const: type },
    spec_version: { const: '2.1' },
    id: { type: 'string', pattern: `^${type}--${uuid.replace('[1-5]', '5')}$` },
    value: { type: 'string', format },
  });
}

/** ECS: names of field sets, which a field of one's own must not have (reference "ECS field reference", 8.x and 9.x). */
const ECS_FIELD_SETS = [
  ...[
    'agent',
    'as',
    'client',
    'cloud',
    'code_signature',
    'container',
    'data_stream',
    'destination',
    'device',
    'dll',
  ],
  ...[
    'dns',
    'ecs',
    'elf',
    'email',
    'error',
    'event',
    'faas',
    'file',
    'geo',
    'group',
    'hash',
    'host',
    'http',
    'log',
  ],
  ...[
    'network',
    'observer',
    'orchestrator',
    'organization',
    'os',
    'package',
    'pe',
    'process',
    'registry',
    'risk',
  ],
  ...[
    'rule',
    'server',
    'service',
    'source',
    'threat',
    'tls',
    'tracing',
    'url',
    'user',
    'user_agent',
    'volume',
  ],
  ...['vulnerability', 'x509'],
];

/** What OCSF's validators follow: attributes' names with dots between them, and nothing below free-form data. */
const OCSF_REFERENCE = '^(?!.*\\bdata\\.)[a-z0-9_]+(\\.[a-z0-9_]+)*$';

const RULES: Readonly<Record<string, object>> = {
  // https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html, section 8: no empty list, no spec_version
  stix: object(
    {
      type: { const: 'bundle' },
      id: { type: 'string', pattern: `^bundle--${uuid}$` },
      objects: list(
        { oneOf: [stixAddress('ipv4-addr', 'ipv4'), stixAddress('ipv6-addr', 'ipv6')] },
        { minItems: 1 },
      ),
    },
    ['type', 'id'],
  ),
  // https://www.elastic.co/docs/reference/ecs/ecs-related: `ip`, an array
  ecs: {
    type: 'object',
    properties: { related: object({ ip: list(ip, { minItems: 1, uniqueItems: true }) }) },
    propertyNames: { not: { enum: ECS_FIELD_SETS } },
  },
  // https://schema.ocsf.io/objects/observable and /enrichment: what is required of each
  ocsf: object(
    {
      observables: list(
        object({
          name: { type: 'string', pattern: OCSF_REFERENCE },
          type_id: { const: 2 },
          type: text,
          value: ip,
        }),
        { minItems: 1 },
      ),
      enrichments: list(
        object({
          name: { type: 'string', pattern: OCSF_REFERENCE },
          value: { type: 'string' },
          type: text,
          provider: text,
          data: { type: 'object' },
        }),
      ),
    },
    ['enrichments'],
  ),
  // https://www.misp-project.org/openapi/#tag/Attributes: lengths, and the category that has this type
  misp: object({
    Attribute: list(
      object({
        type: { const: 'ip-dst' },
        category: { enum: ['Payload delivery', 'Network activity', 'External analysis'] },
        value: ip,
        to_ids: { type: 'boolean' },
        comment: { type: 'string', maxLength: 65_535 },
      }),
    ),
  }),
  // https://docs.strangebee.com/thehive/api-docs/, InputCreateObservable
  thehive: object({
    observables: list(
      object({
        dataType: { type: 'string', minLength: 1, maxLength: 64 },
        data: ip,
        message: { type: 'string', maxLength: 1_048_576 },
        tags: list({ type: 'string', minLength: 1, maxLength: 128 }, { maxItems: 128 }),
      }),
    ),
  }),
  // https://learn.microsoft.com/azure/sentinel/entities-reference#ip: `Type` and `Address` identify it
  sentinel: list(
    object({ $id: { type: 'string', pattern: '^[0-9]+$' }, Address: ip, Type: { const: 'ip' } }),
  ),
  // https://xsoar.pan.dev/docs/integrations/context-standards-mandatory#ip
  xsoar: {
    type: 'object',
    properties: { 'IP(val.Address && val.Address == obj.Address)': list(object({ Address: ip })) },
    required: ['IP(val.Address && val.Address == obj.Address)'],
  },
};

const ajv = formats.default(new Ajv({ allErrors: true, strict: false }));
const SAMPLES = [
  ['nothing', NOTHING_FOUND],
  ['one alert', ONE_ALERT],
  ['shared addresses', SHARED],
  ['a partial answer', PARTIAL],
  ['10,000 addresses', manyIps(10_000)],
] as const;

describe.each(Object.keys(RULES))('%s is what its receiver takes', (name) => {
  const isTaken = ajv.compile(RULES[name] as object);

  test.each(SAMPLES)('of %s', (_, enriched) => {
    const format = FORMATS.find((one) => one.name === name);
    if (!format) throw new TypeError(`there is no format ${name}`);
    isTaken(rendered(format, enriched));
    expect(isTaken.errors ?? []).toEqual([]);
  });
});
