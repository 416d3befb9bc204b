import type { HttpRequest } from '@azure/functions';
import { enrichmentAnswer, keptAnswer } from '../shared/answers/enrichment-answer.js';
import type { Answered } from '../shared/answers/http-answer.js';
import { parseJobOptions, parseOptions } from '../shared/answers/options.js';
import type { App } from '../shared/app/app.js';
import { DEFAULT_WAIT_SECONDS } from '../shared/contract/options.js';
import { answerWithin } from '../shared/http/answer-within.js';
import { acceptedAnswer, jobLocation } from '../shared/http/job-answer.js';
import { unknownJob } from '../shared/jobs/jobs.js';

/** What became of a job. The token is the key. */
export async function enrichmentStatus(
  { clock, jobs, settings }: App,
  request: HttpRequest,
): Promise<Answered> {
  const { id = '' } = request.params;
  const token = request.query.get('token') ?? '';
  const { partial } = parseJobOptions(request.query);
  if (!jobs) throw unknownJob();
  const asked = await jobs.ask(id, token);
  if (asked.kind === 'answered') return keptAnswer(asked.answer);
  const { job, view } = asked;
  if (partial) {
    const { format } = parseOptions(new URLSearchParams(job.query), []);
    const soFar = await answerWithin(clock, DEFAULT_WAIT_SECONDS, (deadline) =>
      deadline.unlessOver(jobs.partial(job, view.retryAfterSeconds)),
    );
    const answer = await enrichmentAnswer(soFar, { format, onFailure: 'degrade' });
    const headers = { ...answer.headers, 'Retry-After': String(view.retryAfterSeconds) };
    return { ...answer, headers };
  }
  return acceptedAnswer({ id, view }, jobLocation(request, settings.publicBaseUrl, { id, token }));
}
