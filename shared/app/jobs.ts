import type { HttpResponseInit } from '@azure/functions';
import { enrichmentAnswer } from '../answers/enrichment-answer.js';
import { parseOptions } from '../answers/options.js';
import type { Environment } from '../base/environment.js';
import type { Emit } from '../base/telemetry-event.js';
import type { Deliveries } from '../delivery/deliveries.js';
import type { Enricher } from '../enrichment/enrich.js';
import type { KeptAnswer } from '../jobs/end.js';
import { JobStore } from '../jobs/job-store.js';
import { Jobs } from '../jobs/jobs.js';
import { priorityWindows } from '../quota/priorities.js';
import type { Limits } from '../quota/sliding-log.js';
import type { Settings } from './settings.js';
import type { SharedState } from './state.js';

/** What the app has, that jobs need. `lookup` takes the permits that background work may have. */
export interface JobsSurroundings extends Environment, Enricher {
  readonly settings: Settings;
  readonly emit: Emit;
  readonly deliveries: Deliveries;
}

/** Wires the jobs. */
export function createJobs(shared: SharedState, app: JobsSurroundings): Jobs {
  const { clock, random, settings } = app;
  const { store, large } = shared;
  const { places, queue, poison } = shared.jobs;
  const options = (query: string) => parseOptions(new URLSearchParams(query), []);
  return new Jobs({
    ...app,
    store,
    places,
    queue,
    poison,
    jobs: new JobStore({ clock, random, store, large, places }),
    perMinute: priorityWindows(limitsOf(settings), settings.quota.reservePercent).background[0].limit,
    resultHours: settings.jobs.resultHours,
    wantsStats: (query) => options(query).stats,
    wantedScope: (query) => options(query).scope,
    wantedSources: (query) => options(query).sources,
    render: async (enriched, query) => kept(await enrichmentAnswer(enriched, options(query))),
  });
}

/** Of the source that is asked first: a job goes as fast as that one lets it. */
function limitsOf({ sources, graph, quota }: Settings): Limits {
  return sources[0] === 'graph' ? { perMinute: graph.perMinute } : quota;
}

function kept({ status = 200, headers, body }: HttpResponseInit): KeptAnswer {
  return { status, headers: headers as Record<string, string>, body: String(body) };
}
