import type { Operation, Parameter } from '../operation.js';
import { ANY_DOOR, problems } from '../problems.js';
import { ref } from '../schema.js';

/** What became of a forward, and sending a dead letter again. */

const id: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  title: 'Id of the delivery',
  description: 'As the answer to the post has it in `delivery.id`, or in the header `Delivery-Id`.',
  visibility: 'important',
  schema: { type: 'string' },
};

const shown = {
  'application/json': {
    schema: ref('DeliveryAnswer'),
    examples: {
      queued: {
        summary: 'Refused once, to be tried again',
        value: {
          delivery: {
            id: '0123456789abcdef0123456789abcdef',
            destination: 'siem',
            status: 'queued',
            attempts: 1,
            lastStatus: 503,
            reason: 'The receiver answered 503.',
            acceptedAt: '2026-11-23T18:00:00.000Z',
            nextAttempt: '2026-11-23T18:00:05.000Z',
          },
        },
      },
    },
  },
};

const KINDS = ['delivery-unknown', 'storage-unavailable', ...ANY_DOOR] as const;

export const delivery: Operation = {
  id: 'delivery',
  method: 'get',
  path: '/deliveries/{id}',
  title: 'Ask what became of a forward',
  description: 'Attempts, the last status, and when it is tried next.',
  tag: 'Forwarding',
  visibility: 'advanced',
  key: 'function',
  options: {},
  parameters: [id],
  answers: { 200: { description: 'The delivery.', content: shown }, ...problems(KINDS) },
};

export const redeliver: Operation = {
  ...delivery,
  id: 'redeliver',
  method: 'post',
  path: '/deliveries/{id}/redeliver',
  title: 'Send a dead letter again',
  description: 'Only what was given up can be sent again; it is then queued as at first.',
  answers: {
    202: { description: 'It is queued.', content: shown },
    ...problems(['delivery-not-dead', ...KINDS]),
  },
};
