import type { Schemas } from './operation.js';
import { integer, list, object, openObject, ref, string } from './schema.js';
import { ALERT_STATUSES, ENRICHMENT_STATUSES } from './statuses.js';

const status = string('Status', { enum: ALERT_STATUSES });
const whole = string('Status of all', { enum: ENRICHMENT_STATUSES });
const ips = list('IP addresses', string('IP address'));
const reason = string('Why there is no answer');
const wait = integer('Seconds until asking again helps', { minimum: 0 });

/** The bodies of the output forms that are JSON, by the form's name; the others are text. */
export const FORMAT_SCHEMAS: Schemas = {
  enriched: object(
    'The posted alert, enriched',
    {
      alert: { title: 'The payload as posted, with relatedIps in each alert' },
      enrichment: ref('Enrichment'),
      delivery: ref('ForwardReceipt'),
    },
    ['delivery'],
  ),
  ips: object('Addresses only', {
    ips,
    status: whole,
    alerts: list(
      'Alerts',
      object(
        'Alert',
        {
          alertId: string('Alert id'),
          status,
          ips,
          reason,
          error: ref('AlertProblem'),
          retryAfterSeconds: wait,
        },
        ['alertId', 'reason', 'error', 'retryAfterSeconds'],
      ),
    ),
  }),
  sentinel: list(
    'Microsoft Sentinel entities',
    object('Entity', {
      $id: string('Number in this document'),
      Address: string('IP address'),
      Type: string('Type', { enum: ['ip'] }),
    }),
  ),
  ecs: openObject(
    'Elastic Common Schema',
    {
      related: openObject('Related', { ip: ips }, ['ip']),
      alert_ip_enrichment: object('Enrichment', {
        status: whole,
        alerts: list(
          'Alerts',
          object('Alert', { id: string('Alert id'), status, ips, reason, retry_after_seconds: wait }, [
            'id',
            'ips',
            'reason',
            'retry_after_seconds',
          ]),
        ),
      }),
    },
    ['related'],
  ),
  // A posted finding comes back with its own observables and enrichments, which can be of any type.
  ocsf: openObject(
    'OCSF observables',
    {
      observables: list(
        'Observables',
        openObject(
          'Observable',
          {
            name: string('Where it stands'),
            type_id: integer('Type id; 2 is an IP address'),
            type: string('Type'),
            value: string('IP address'),
          },
          ['name', 'type', 'value'],
        ),
      ),
      enrichments: list(
        'Enrichments',
        openObject(
          'Enrichment',
          {
            name: string('What is enriched'),
            value: string('Alert id'),
            type: string('Type'),
            provider: string('Provider'),
            data: openObject(
              'Data',
              {
                status,
                pointer: string('JSON Pointer of the alert'),
                ips,
                reason,
                retry_after_seconds: wait,
              },
              ['status', 'pointer', 'ips', 'reason', 'retry_after_seconds'],
            ),
          },
          ['type', 'provider'],
        ),
      ),
    },
    ['observables'],
  ),
  stix: object(
    'STIX 2.1 bundle',
    {
      type: string('Type', { enum: ['bundle'] }),
      id: string('Id'),
      objects: list(
        'Objects',
        object('Address', {
          type: string('Type', { enum: ['ipv4-addr', 'ipv6-addr'] }),
          spec_version: string('STIX version'),
          id: string('Id'),
          value: string('IP address'),
        }),
      ),
    },
    ['objects'],
  ),
  xsoar: object('Cortex XSOAR context', {
    'MicrosoftATP.AlertIP(val.AlertID === obj.AlertID)': list(
      'Alerts',
      object(
        'Alert',
        { AlertID: string('Alert id'), IPs: ips, Status: status, Reason: reason, RetryAfterSeconds: wait },
        ['IPs', 'Reason', 'RetryAfterSeconds'],
      ),
    ),
    'IP(val.Address && val.Address == obj.Address)': list(
      'IP addresses',
      object('IP address', { Address: string('IP address') }),
    ),
  }),
  misp: object('MISP attributes', {
    Attribute: list(
      'Attributes',
      object('Attribute', {
        type: string('Type'),
        category: string('Category'),
        value: string('IP address'),
        to_ids: { type: 'boolean', title: 'Indicator to block by' },
        comment: string('Comment'),
      }),
    ),
  }),
  thehive: object('TheHive observables', {
    observables: list(
      'Observables',
      object('Observable', {
        dataType: string('Type'),
        data: string('IP address'),
        message: string('Message'),
        tags: list('Tags', string('Tag')),
      }),
    ),
  }),
};
