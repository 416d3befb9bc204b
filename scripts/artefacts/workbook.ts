import { NAME as DEFENDER } from '../../shared/defender/api.js';
import { metric, permits } from './alert-rules.js';

/** One chart: a query over what the app sends. `{TimeRange:grain}` is what the workbook's reader has chosen. */
export interface Chart {
  readonly title: string;
  /** In Kusto, over the tables of the Application Insights component. */
  readonly query: string;
  readonly as: 'timechart' | 'barchart' | 'table';
}

/** A part of the workbook. */
interface Part {
  readonly title: string;
  /** How to read it, in Markdown. */
  readonly text: string;
  readonly charts: readonly Chart[];
}

/** The limits in the charts are Defender's. */
const OF_DEFENDER = `customDimensions.source == "${DEFENDER}"`;
const BIN = 'bin(timestamp, {TimeRange:grain})';

/** monitoring/workbook.workbook is made of them. */
export const PARTS: readonly Part[] = [
  {
    title: 'Quota',
    text: 'Defender allows 100 calls a minute and 1,500 an hour. A refused permit is a caller who got a 429, or whose work went on as a job.',
    charts: [
      {
        title: 'Permits used in a minute',
        query: `${metric('enrichment.permit_wait_ms', `${permits('granted')} and ${OF_DEFENDER}`)}
| summarize permits = sum(valueCount) by bin(timestamp, 1m)
| extend allowed = 100`,
        as: 'timechart',
      },
      {
        title: 'Permits used in an hour',
        query: `${metric('enrichment.permit_wait_ms', `${permits('granted')} and ${OF_DEFENDER}`)}
| summarize permits = sum(valueCount) by bin(timestamp, 1h)
| extend allowed = 1500`,
        as: 'timechart',
      },
      {
        title: 'Longest wait for a permit (ms), and permits refused',
        query: `${metric('enrichment.permit_wait_ms')}
| extend outcome = tostring(customDimensions.outcome)
| summarize longestMs = maxif(valueMax, outcome == "granted"), refused = sumif(valueCount, outcome == "refused")
  by source = tostring(customDimensions.source), ${BIN}`,
        as: 'timechart',
      },
    ],
  },
  {
    title: 'Calls',
    text: 'Each attempt is one call. `not-found` is an answer: Defender does not know the alert.',
    charts: [
      {
        title: 'Calls by outcome',
        query: `${metric('enrichment.upstream_call_ms')}
| summarize calls = sum(valueCount) by outcome = tostring(customDimensions.outcome), ${BIN}`,
        as: 'timechart',
      },
      {
        title: 'Mean time of a call (ms)',
        query: `${metric('enrichment.upstream_call_ms')}
| summarize meanMs = sum(valueSum) / sum(valueCount) by ${BIN}`,
        as: 'timechart',
      },
      {
        title: 'Sources: calls by source and outcome',
        query: `${metric('enrichment.upstream_call_ms')}
| summarize calls = sum(valueCount), meanMs = sum(valueSum) / sum(valueCount), longestMs = max(valueMax)
  by source = tostring(customDimensions.source), outcome = tostring(customDimensions.outcome)
| order by calls desc`,
        as: 'table',
      },
      {
        title: 'Lookups by the cache that answered them',
        query: `${metric('enrichment.lookups')}
| summarize lookups = sum(valueCount) by level = tostring(customDimensions.level), ${BIN}`,
        as: 'barchart',
      },
      {
        title: 'Tokens fetched, by outcome',
        query: `${metric('enrichment.token_refresh_ms')}
| summarize fetched = sum(valueCount) by outcome = tostring(customDimensions.outcome), scope = tostring(customDimensions.scope)
| order by fetched desc`,
        as: 'table',
      },
    ],
  },
  {
    title: 'Jobs',
    text: 'A job is an enrichment that outlives its request. It waits for permits, so its age follows the quota.',
    charts: [
      {
        title: 'Age of the oldest job (minutes)',
        query: `${metric('enrichment.job_age_ms')}
| summarize minutes = max(valueMax) / 60000 by ${BIN}`,
        as: 'timechart',
      },
      {
        title: 'Turns of work by outcome',
        query: `${metric('enrichment.job_age_ms')}
| summarize turns = sum(valueCount) by outcome = tostring(customDimensions.outcome), ${BIN}`,
        as: 'barchart',
      },
    ],
  },
  {
    title: 'Deliveries',
    text: 'A delivery is tried again for about a day; then it is a dead letter, which can be sent again.',
    charts: [
      {
        title: 'Attempts by destination and outcome',
        query: `${metric('enrichment.delivery_attempt_ms')}
| summarize attempts = sum(valueCount) by destination = tostring(customDimensions.destination), outcome = tostring(customDimensions.outcome)
| order by attempts desc`,
        as: 'table',
      },
      {
        title: 'Dead letters by destination',
        query: `${metric('enrichment.dead_letters')}
| summarize deadLetters = sum(valueCount) by destination = tostring(customDimensions.destination), ${BIN}`,
        as: 'barchart',
      },
    ],
  },
  {
    title: 'Failures',
    text: 'Answers by their kind of problem are log lines, of which the platform keeps only a part under load. Events are all there.',
    charts: [
      {
        title: 'Answers that were problems, by kind',
        query: `traces
| where message has '"event":"answered"'
| extend line = parse_json(message)
| extend problem = tostring(line.kind), status = toint(line.status)
| where isnotempty(problem)
| summarize answers = sum(itemCount), lastSeen = max(timestamp) by status, problem
| order by answers desc`,
        as: 'table',
      },
      {
        title: 'What the app reported to its operators',
        query: `customEvents
| extend detail = tostring(customDimensions.detail)
| summarize times = count(), lastSeen = max(timestamp), lastDetail = take_any(detail) by name
| order by lastSeen desc`,
        as: 'table',
      },
    ],
  },
];

/**
 * The workbook, as Azure stores one: items of type 1 are text, 3 a query, 9 parameters, 12 a group
 * (https://github.com/microsoft/Application-Insights-Workbooks, schema/workbook.json). No resource is named in it.
 */
export function workbookFile(): string {
  const timeRange = {
    type: 9,
    content: {
      version: 'KqlParameterItem/1.0',
      parameters: [
        {
          id: 'f0a9b1ce-2f5e-4c53-9d35-0a4f1f0f5b6d', // any, and always the same
          version: 'KqlParameterItem/1.0',
          name: 'TimeRange',
          label: 'Time range',
          type: 4,
          isRequired: true,
          value: { durationMs: 86_400_000 },
          typeSettings: {
            selectableValues: [1, 4, 24, 72, 168, 720].map((hours) => ({ durationMs: hours * 3_600_000 })),
            allowCustom: true,
          },
        },
      ],
      style: 'pills',
      queryType: 0,
      resourceType: 'microsoft.insights/components',
    },
    name: 'time range',
  };
  const workbook = {
    version: 'Notebook/1.0',
    items: [timeRange, ...PARTS.map(group)],
    fallbackResourceIds: [],
    $schema: 'https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json',
  };
  return `${JSON.stringify(workbook, null, 2)}\n`;
}

function group({ title, text, charts }: Part) {
  const items = [
    { type: 1, content: { json: `## ${title}\n${text}` }, name: `about ${title}` },
    ...charts.map(item),
  ];
  return { type: 12, content: { version: 'NotebookGroup/1.0', groupType: 'editable', items }, name: title };
}

function item({ title, query, as }: Chart) {
  return {
    type: 3,
    content: {
      version: 'KqlItem/1.0',
      query,
      size: 0,
      title,
      timeContextFromParameter: 'TimeRange',
      queryType: 0,
      resourceType: 'microsoft.insights/components',
      visualization: as,
    },
    name: title,
  };
}
