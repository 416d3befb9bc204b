import { ID_PATTERN } from '../../queue-work/message.js';
import type { Operation } from '../operation.js';
import { JOB_OPTIONS } from '../options.js';
import { ANY_DOOR, LOOKUP, problems } from '../problems.js';
import { ACCEPTED, enrichedContent, FORWARDED } from './enrich-alert.js';

export const enrichmentStatus: Operation = {
  id: 'enrichmentStatus',
  method: 'get',
  path: '/enrichments/{id}',
  title: 'Ask for a job',
  description:
    'What became of a job, at the address that a 202 gave in `Location`. The token in it is the key: no function key.',
  tag: 'Enrichment',
  visibility: 'advanced',
  key: 'none',
  options: JOB_OPTIONS,
  parameters: [
    {
      name: 'id',
      in: 'path',
      required: true,
      title: 'Id of the job',
      description: 'As `Location` has it.',
      visibility: 'important',
      schema: { type: 'string', pattern: ID_PATTERN },
    },
    {
      name: 'token',
      in: 'query',
      required: true,
      title: 'Token of the job',
      description: 'As `Location` has it.',
      visibility: 'important',
      schema: { type: 'string' },
    },
  ],
  answers: {
    200: {
      description: 'The job has ended: what the synchronous call would have answered.',
      headers: {
        'Enrichment-Status': 'always',
        'x-stats-missing': 'sometimes',
        'Retry-After': 'sometimes',
        ...FORWARDED,
      },
      content: enrichedContent(),
    },
    202: ACCEPTED,
    ...problems([
      'invalid-option',
      'job-unknown',
      'job-expired',
      'job-failed',
      'answer-too-large',
      ...LOOKUP,
      ...ANY_DOOR,
    ]),
  },
};
