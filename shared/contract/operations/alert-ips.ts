import { ENDPOINT_ALERT_ID_PATTERN, LONGEST_ALERT_ID } from '../../base/alert-id.js';
import { writeIps } from '../../defender/alert-ips.js';
import { CLOUDS } from '../../defender/clouds.js';
import type { Operation } from '../operation.js';
import { ANY_DOOR, LOOKUP, upstreamErrors } from '../problems.js';
import { EXAMPLE_IPS } from '../sample.js';
import { ref } from '../schema.js';

export const alertIps: Operation = {
  id: 'alertIps',
  method: 'get',
  path: '/alerts/{id}/ips',
  title: "Get an alert's IP addresses",
  description:
    "Defender's own path, bodies and error form, behind the cache and the quota: for steps that call Defender today and can add a key.",
  tag: 'Enrichment',
  visibility: 'important',
  key: 'function',
  options: {},
  parameters: [
    {
      name: 'id',
      in: 'path',
      required: true,
      title: 'Alert id',
      description: 'The id of a Defender for Endpoint alert.',
      visibility: 'important',
      schema: { type: 'string', pattern: ENDPOINT_ALERT_ID_PATTERN, maxLength: LONGEST_ALERT_ID },
    },
  ],
  answers: {
    200: {
      description: 'The addresses; an empty list when Defender ties none to the alert.',
      content: {
        'application/json': {
          schema: ref('UpstreamIps'),
          examples: {
            found: {
              summary: 'Two addresses',
              value: writeIps(CLOUDS.commercial.apiHost, EXAMPLE_IPS),
            },
          },
        },
      },
    },
    404: {
      description: 'Defender does not know this alert.',
      content: { 'application/json': { schema: ref('UpstreamError') } },
    },
    ...upstreamErrors(['invalid-alert-id', ...LOOKUP, ...ANY_DOOR]),
  },
};
