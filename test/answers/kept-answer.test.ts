import { expect, test } from '@jest/globals';
import { keptAnswer } from '../../shared/answers/enrichment-answer.js';
import { EnrichmentError, toProblem } from '../../shared/base/errors.js';

test('a problem that a job was ended with is logged like any other when it is asked for', () => {
  const problem = toProblem(new EnrichmentError('upstream-unavailable', 'Defender is away.'));
  const { logged, ...answer } = keptAnswer({ status: 503, headers: {}, body: JSON.stringify(problem) });
  expect(answer).toEqual({ status: 503, headers: {}, body: JSON.stringify(problem) });
  expect(logged?.error).toMatchObject({ kind: 'upstream-unavailable', message: 'Defender is away.' });
  expect(keptAnswer({ status: 200, headers: {}, body: 'not JSON' }).logged).toBeUndefined();
});
