import type { TelemetryEvent } from '../base/telemetry-event.js';
import type { Trace } from '../base/trace.js';

/** What is sent: calls to others, numbers, and events. */
export type Item = Dependency | Metric | Event;

/** A call that this app made, or a piece of work of its own, on behalf of a request. */
export interface Dependency {
  readonly kind: 'dependency';
  readonly name: string;
  /** Of a call over HTTP; absent for work of this app's own. */
  readonly http?: {
    readonly method: string;
    /** Scheme and host. */
    readonly origin: string;
    readonly path: string | undefined;
    /** The status, or a word for what there was instead. */
    readonly result: string;
  };
  readonly isSuccess: boolean;
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly trace: Trace | undefined;
}

/** One measured value; they are added up by name and dimensions before they are sent. */
export interface Metric {
  readonly kind: 'metric';
  readonly name: MetricName;
  readonly value: number;
  /** Few values each: no ids. */
  readonly dimensions: Readonly<Record<string, string>>;
}

/** Something that operators must be able to find, one by one. */
export interface Event {
  readonly kind: 'event';
  readonly name: string;
  readonly atMs: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly trace: Trace | undefined;
}

/** What is told without a source is of this one: it was the only one for long. */
const FIRST_SOURCE = 'defender';

/**
 * Every metric: what it measures, and its dimensions. A metric's count is the number of times that it
 * happened.
 */
export const METRICS = {
  'enrichment.upstream_call_ms': ['how long calls to a source took', ['outcome', 'source']],
  'enrichment.permit_wait_ms': [
    'how long was waited for permits; the count of `granted` is the permits used',
    ['lane', 'outcome', 'source'],
  ],
  'enrichment.lookups': ['lookups, by the cache that answered them', ['of', 'level', 'source']],
  'enrichment.token_refresh_ms': ['how long getting access tokens took', ['outcome', 'scope']],
  'enrichment.job_age_ms': ['how old jobs were after each turn of work', ['outcome']],
  'enrichment.delivery_attempt_ms': ['how long attempts to deliver took', ['destination', 'outcome']],
  'enrichment.dead_letters': ['deliveries that were given up', ['destination']],
} as const satisfies Record<string, readonly [measures: string, dimensions: readonly string[]]>;

/** A metric's name; see the table above. */
export type MetricName = keyof typeof METRICS;

/**
 * What an occurrence is sent as. Pure.
 * @param atMs when it was told, on the calendar
 */
export function itemsOf(told: TelemetryEvent, trace: Trace | undefined, atMs: number): readonly Item[] {
  switch (told.kind) {
    case 'upstream-call': {
      const { alertId, origin, outcome, route, source, status } = told;
      return [
        metric('enrichment.upstream_call_ms', told.durationMs, { outcome, source }),
        dependency(told, trace, `GET ${route}`, {
          // Not to know an alert is an answer.
          isSuccess: outcome === 'answered' || outcome === 'not-found',
          http: {
            method: 'GET',
            origin,
            path: alertId && route.replace('{id}', alertId),
            result: String(status ?? outcome),
          },
          properties: { outcome, ...(alertId ? { alertId } : {}) },
        }),
      ];
    }
    case 'permit':
      return [
        metric('enrichment.permit_wait_ms', told.waitMs, {
          lane: told.lane,
          outcome: told.outcome,
          source: told.source ?? FIRST_SOURCE,
        }),
      ];
    case 'lookup':
      return [
        metric('enrichment.lookups', 1, {
          of: told.of,
          level: told.level,
          source: told.source ?? FIRST_SOURCE,
        }),
      ];
    case 'token-refresh':
      return [
        metric('enrichment.token_refresh_ms', told.durationMs, { outcome: told.outcome, scope: told.scope }),
      ];
    case 'job-turn': {
      const { ageMs, generation, jobId, outcome } = told;
      return [
        metric('enrichment.job_age_ms', ageMs, { outcome }),
        dependency(told, trace, 'job turn', {
          isSuccess: outcome !== 'broken-off',
          properties: { jobId, generation: String(generation), outcome },
        }),
      ];
    }
    case 'delivery-attempt': {
      const { deliveryId, destination, origin, outcome, status } = told;
      return [
        metric('enrichment.delivery_attempt_ms', told.durationMs, { destination, outcome }),
        dependency(told, trace, `POST ${destination}`, {
          isSuccess: outcome === 'delivered',
          // No path: it can be a secret.
          http: { method: 'POST', origin, path: undefined, result: String(status ?? outcome) },
          properties: { deliveryId, destination, outcome },
        }),
      ];
    }
    case 'dead-letter': // the event is what is reported of it
      return [metric('enrichment.dead_letters', 1, { destination: told.destination })];
    case 'reported': {
      const { event: name, detail } = told.report;
      return [event(name, atMs, { detail }, trace)];
    }
  }
}

function metric<Name extends MetricName>(
  name: Name,
  value: number,
  dimensions: Readonly<Record<(typeof METRICS)[Name][1][number], string>>,
): Metric {
  return { kind: 'metric', name, value, dimensions };
}

function dependency(
  { startedAtMs, durationMs }: { readonly startedAtMs: number; readonly durationMs: number },
  trace: Trace | undefined,
  name: string,
  rest: Pick<Dependency, 'http' | 'isSuccess' | 'properties'>,
): Dependency {
  return { kind: 'dependency', name, startedAtMs, durationMs, trace, ...rest };
}

function event(
  name: string,
  atMs: number,
  properties: Readonly<Record<string, string>>,
  trace: Trace | undefined,
): Event {
  return { kind: 'event', name, atMs, properties, trace };
}
