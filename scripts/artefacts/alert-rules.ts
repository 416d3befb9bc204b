import type { TelemetryEvent } from '../../shared/base/telemetry-event.js';
import type { MetricName } from '../../shared/telemetry/items.js';
import type { Outcome } from '../../shared/upstream/outcome.js';

/** One thing to be woken for: a query over what the app sends, and when its rows are too many or too large. */
export interface AlertRule {
  /** In names of resources. */
  readonly name: string;
  readonly title: string;
  /** What it means, and what to do. */
  readonly why: string;
  /** 1 is an error, 2 a warning, 3 worth knowing (https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-overview). */
  readonly severity: 1 | 2 | 3;
  /** In Kusto, over the tables of the Application Insights component. */
  readonly query: string;
  /** What of its rows is compared: their number, or the sum or the largest value of a column. */
  readonly measure: 'rows' | { readonly aggregation: 'Total' | 'Maximum'; readonly column: string };
  /** It fires above this. */
  readonly above: number;
  /** How far back it looks, in minutes. */
  readonly windowMinutes: number;
  /** How often it looks, in minutes. */
  readonly everyMinutes: number;
}

/** Items take minutes to arrive: a window as long as the interval would miss the late ones. */
const SOON = { windowMinutes: 15, everyMinutes: 5 } as const;
const HOURLY = { windowMinutes: 60, everyMinutes: 15 } as const;

/** How often a metric was measured. */
const COUNTED = { aggregation: 'Total', column: 'valueCount' } as const;

/** monitoring/alerts.json deploys them; `why` is the description that is read by whoever is alerted. */
export const ALERT_RULES: readonly AlertRule[] = [
  {
    name: 'dead-letter',
    title: 'an alert did not reach its destination',
    why: 'an alert did not reach its destination: fix the destination, then redeliver',
    severity: 1,
    query: events('delivery-dead-lettered'),
    measure: 'rows',
    above: 0,
    ...SOON,
  },
  {
    name: 'job-or-ledger',
    title: 'a job failed, or the ledger of calls could not be read',
    why: 'the event says which and why; see [operations](../guides/operations.md#what-to-watch)',
    severity: 1,
    query: events('job-failed', 'ledger-unreadable'),
    measure: 'rows',
    above: 0,
    ...SOON,
  },
  {
    name: 'not-working',
    title: 'the app does not do its work',
    why: 'queues are not listened to, the source does not know any alert, or a process ended by a fault: see [operations](../guides/operations.md#what-to-watch)',
    severity: 1,
    query: events('queues-not-listened', 'source-suspect', 'uncaught-exception'),
    measure: 'rows',
    above: 0,
    ...SOON,
  },
  {
    name: 'telemetry-off',
    title: 'telemetry is off or refused',
    why: 'an instance sends nothing of the above; this line comes by way of the platform',
    severity: 2,
    query: 'traces\n| where message has_any ("telemetry-off", "telemetry-refused")',
    measure: 'rows',
    above: 0,
    ...SOON,
  },
  {
    name: 'permission',
    title: 'Defender refuses the app',
    why: 'the permission or the connection to Defender is wrong: ask the doctor. With `as=user` leave `forbidden` out: it is also a user without the rights',
    severity: 1,
    query: metric('enrichment.upstream_call_ms', calls('unauthorized', 'forbidden', 'untrusted')),
    measure: COUNTED,
    above: 0,
    ...SOON,
  },
  {
    name: 'throttled',
    title: 'Defender throttles the app',
    why: 'something else calls with this identity: give it its own, or lower `QUOTA_PER_MINUTE` and `QUOTA_PER_HOUR`',
    severity: 3,
    query: metric('enrichment.upstream_call_ms', calls('throttled')),
    measure: COUNTED,
    above: 0,
    ...HOURLY,
  },
  {
    name: 'identity',
    title: 'the identity endpoint gives no tokens',
    why: 'valid tokens last for hours, then it shows: ask the doctor, restart the app',
    severity: 2,
    query: metric('enrichment.token_refresh_ms', 'customDimensions.outcome startswith "identity-"'),
    measure: COUNTED,
    above: 3,
    ...SOON,
  },
  {
    name: 'quota',
    title: 'the quota is too small for the load',
    why: 'more is asked than the quota allows: `mode=auto`, longer caching, or fewer duplicates',
    severity: 3,
    query: metric('enrichment.permit_wait_ms', permits('refused')),
    measure: COUNTED,
    above: 50,
    ...SOON,
  },
  {
    name: 'old-job',
    title: 'a job is older than two hours',
    why: 'a job is older than two hours: the quota is used up for long, or its turns fail',
    severity: 3,
    query: metric('enrichment.job_age_ms'),
    measure: { aggregation: 'Maximum', column: 'valueMax' },
    above: 7_200_000,
    ...SOON,
  },
];

/** What the Bicep module reads. */
export function alertsFile(): string {
  const rules = ALERT_RULES.map(({ measure, ...rule }) => ({
    name: rule.name,
    title: rule.title,
    description: rule.why.replace(/\[([^\]]+)\]\([^)]+\)/g, '$1').replaceAll('`', ''),
    severity: rule.severity,
    evaluationFrequency: `PT${rule.everyMinutes}M`,
    windowSize: rule.windowMinutes === 60 ? 'PT1H' : `PT${rule.windowMinutes}M`,
    query: rule.query,
    timeAggregation: measure === 'rows' ? 'Count' : measure.aggregation,
    metricMeasureColumn: measure === 'rows' ? '' : measure.column,
    threshold: rule.above,
  }));
  return `${JSON.stringify({ rules }, null, 2)}\n`;
}

/** Events by their names; an event's name is the `event` of the log line that reports it. */
function events(...names: readonly string[]): string {
  return `customEvents\n| where name in (${names.map((name) => `"${name}"`).join(', ')})`;
}

/** What was measured of a metric, and where it fits. */
export function metric(name: MetricName, where?: string): string {
  return ['customMetrics', `where name == "${name}"`, where && `where ${where}`].filter(Boolean).join('\n| ');
}

/** Calls with those outcomes. */
function calls(...outcomes: readonly Outcome['kind'][]): string {
  return `customDimensions.outcome in (${outcomes.map((outcome) => `"${outcome}"`).join(', ')})`;
}

/** Permits that were asked for with that outcome. */
export function permits(outcome: Extract<TelemetryEvent, { kind: 'permit' }>['outcome']): string {
  return `customDimensions.outcome == "${outcome}"`;
}
