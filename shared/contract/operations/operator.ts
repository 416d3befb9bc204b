import { COMMIT, VERSION } from '../../base/version.js';
import type { Operation } from '../operation.js';
import { DOCTOR_OPTIONS } from '../options.js';
import { ANY_DOOR, problems } from '../problems.js';
import { ref } from '../schema.js';

/** What the operator of the app asks. */

export const doctor: Operation = {
  id: 'doctor',
  method: 'get',
  path: '/doctor',
  title: 'Ask why it does not work yet',
  description:
    'Looks at everything that keeps the app from its work, from its settings to its telemetry, and names the command that fixes what is wrong. It answers 200 whatever it says, also while settings are wrong.',
  tag: 'Operation',
  visibility: 'advanced',
  key: 'function',
  options: DOCTOR_OPTIONS,
  parameters: [],
  answers: {
    200: {
      description: 'What was found.',
      content: {
        'application/json': {
          schema: ref('DoctorReport'),
          examples: {
            healthy: {
              summary: 'Nothing is wrong that can be seen without asking Defender',
              value: {
                status: 'ok',
                summary:
                  'Nothing is wrong that can be seen without asking Defender. Ask again with &probe=ALERT_ID.',
                version: VERSION,
                commit: COMMIT,
                asOf: '2026-11-23T18:00:00.000Z',
                checks: [{ name: 'settings', status: 'ok', found: 'All settings are usable.' }],
              },
            },
          },
        },
        'text/plain': { schema: { type: 'string' } },
      },
    },
    ...problems(['unknown-option', 'invalid-option', 'invalid-alert-id', 'internal-error']),
  },
};

export const health: Operation = {
  id: 'health',
  method: 'get',
  path: '/health',
  title: 'Ask whether the app is up',
  description: 'Open to anyone; asks nothing of anyone.',
  tag: 'Operation',
  visibility: 'advanced',
  key: 'none',
  options: {},
  parameters: [],
  answers: {
    200: {
      description: 'It is up, and its settings are usable.',
      content: {
        'application/json': {
          schema: ref('Health'),
          examples: { up: { summary: 'Up', value: { status: 'ok', version: VERSION, commit: COMMIT } } },
        },
      },
    },
    ...problems(ANY_DOOR),
  },
};
