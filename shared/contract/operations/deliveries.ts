import type { Operation, Parameter } from '../operation.js';
import { DEAD_LETTER_OPTIONS, REDELIVER_OPTIONS } from '../options.js';
import { ANY_DOOR, problems } from '../problems.js';
import { ref } from '../schema.js';

/** What became of a forward; dead letters, and sending them again. */

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

export const deadLetters: Operation = {
  ...delivery,
  id: 'deadLetters',
  path: '/deliveries',
  title: 'List dead letters',
  description: 'Deliveries that were given up, the newest first, at most 100 a page.',
  options: DEAD_LETTER_OPTIONS,
  parameters: [],
  answers: {
    200: {
      description:
        'A page of dead letters. With `nextLink` there are more: get that address, with the function key.',
      content: {
        'application/json': {
          schema: ref('DeadLetters'),
          examples: {
            one: {
              summary: 'One dead letter',
              value: {
                value: [
                  {
                    id: '0123456789abcdef0123456789abcdef',
                    destination: 'siem',
                    status: 'dead-lettered',
                    attempts: 10,
                    lastStatus: 503,
                    acceptedAt: '2026-11-20T18:00:00.000Z',
                    deadLetteredAt: '2026-11-23T21:00:00.000Z',
                    hasBody: true,
                  },
                ],
              },
            },
          },
        },
      },
    },
    ...problems(['unknown-option', 'invalid-option', ...KINDS]),
  },
};

export const redeliverRange: Operation = {
  ...delivery,
  id: 'redeliverRange',
  method: 'post',
  path: '/deliveries/redeliver',
  title: 'Send the dead letters of a destination again',
  description:
    'At most 1,000 a call, the newest first. Ask again while `remaining` is not 0; nothing is sent twice.',
  options: REDELIVER_OPTIONS,
  parameters: [],
  answers: {
    200: {
      description: 'How many are queued again, and how many are left for the next call.',
      content: {
        'application/json': {
          schema: ref('Redelivered'),
          examples: { all: { summary: 'All of them', value: { requeued: 12, remaining: 0 } } },
        },
      },
    },
    ...problems(['unknown-option', 'invalid-option', ...KINDS]),
  },
};
