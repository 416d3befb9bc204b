import { expect } from '@jest/globals';
import {
  type Envelope,
  type IngestionEndpoint,
  startIngestionEndpoint,
} from '../../local/ingestion/endpoint.js';
import { systemClock } from '../../shared/base/clock.js';
// Loaded before there is anything to send: the app loads it within the two seconds that its end has for the rest.
import '../../shared/telemetry/exporter.js';
import { leaksIn } from '../support/leaks.js';
import { startWorld, type World, type WorldOptions } from '../support/world.js';

/** A world, and where its telemetry goes. */
export interface Watched {
  readonly world: World;
  readonly ingestion: IngestionEndpoint;
  /** Ends the app, as the platform does; by then all has been sent. */
  end(): Promise<void>;
  /** Items of a kind that were sent so far. */
  of(baseType: 'RemoteDependencyData' | 'MetricData' | 'EventData'): Envelope[];
  /** How often a metric was measured with those dimensions. */
  count(name: string, dimensions?: Readonly<Record<string, string>>): number;
}

/** Starts a world whose telemetry goes to an ingestion endpoint of its own. */
export async function startWatched(options: WorldOptions = {}): Promise<Watched> {
  const ingestion = await startIngestionEndpoint({ clock: systemClock });
  const world = await startWorld({
    ...options,
    settings: { ...ingestion.settings, ...options.settings },
    secrets: [ingestion.instrumentationKey, ...(options.secrets ?? [])],
  });
  const of: Watched['of'] = (baseType) => ingestion.items.filter(({ data }) => data.baseType === baseType);
  let ended: Promise<void> | undefined;
  return {
    world,
    ingestion,
    end() {
      ended ??= world.close().then(() => ingestion.close());
      return ended;
    },
    of,
    count: (name, dimensions = {}) =>
      of('MetricData')
        .filter(({ data }) => data.baseData.metrics?.[0]?.name === name)
        .filter(({ data }) =>
          Object.entries(dimensions).every(([key, value]) => data.baseData.properties[key] === value),
        )
        .reduce((sum, { data }) => sum + (data.baseData.metrics?.[0]?.count ?? 0), 0),
  };
}

/** The caller's trace, as it stands in `traceparent`. */
export const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

/** What a Logic App sends along; its trace is one that the host would not have sampled. */
export const CALLER = {
  traceparent: `00-${TRACE_ID}-b7ad6b7169203331-00`,
  'x-ms-workflow-run-id': '08584680812345678901234567890CU10',
  'x-ms-workflow-name': 'Enrich-Alert',
  'x-ms-client-tracking-id': '08584680812345678901234567891CU11',
};

/** What its items carry of that. */
export const CALLER_PROPERTIES = {
  workflowRunId: CALLER['x-ms-workflow-run-id'],
  workflowName: CALLER['x-ms-workflow-name'],
  clientTrackingId: CALLER['x-ms-client-tracking-id'],
};

/** Fails if any of those texts, or a token, stands in anything that was sent. */
export function expectNowhere({ ingestion }: Watched, texts: readonly string[]): void {
  const sent = ingestion.requests.map(
    ({ path, headers, body }) => `${path}\n${JSON.stringify(headers)}\n${body}`,
  );
  expect(leaksIn(sent.join('\n'), texts)).toEqual([]);
}
