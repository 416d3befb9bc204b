import type { AlertEntry, Enrichment, RelatedIp } from '../enrichment/result.js';
import { cutRows } from './cut-rows.js';
import { listed } from './listed.js';
import { plainText } from './plain-text.js';
import { whyUnanswered } from './unanswered.js';

/**
 * The longest comment that Microsoft Sentinel takes:
 * https://learn.microsoft.com/azure/sentinel/sentinel-service-limits#incident-limits
 */
const MOST_CHARACTERS = 30_000;
/** Longest text from outside in one place: far below the room that a row has, whatever escaping adds. */
const MOST_TEXT = 600;

/** How a comment is written. What is passed in as `plain` is one printable line and not yet escaped. */
export interface Markup {
  /** Escapes a sentence. */
  text(plain: string): string;
  /** Escapes an address or an id. */
  code(plain: string): string;
  paragraph(escaped: string): string;
  table(columns: readonly string[], rows: string): string;
  row(escapedCells: readonly string[]): string;
  list(items: string): string;
  item(escaped: string): string;
}

/**
 * The enrichment for people, as an incident's comment or a chat message: how many IPs, a table of them, and
 * every alert that has no answer with the reason. Cut at 30,000 characters, with a note of how many
 * more there are. A third of the room is kept for reasons, so that no flood of IPs hides a failure.
 */
export function comment(enrichment: Enrichment, markup: Markup): string {
  const { columns, cells } = tableOf(enrichment.ips, markup);
  const unanswered = enrichment.alerts.flatMap(withReason).sort(byUrgency);
  const rows = enrichment.ips.map((ip) => markup.row(cells(ip)));
  const items = unanswered.map((alert) => markup.item(itemOf(alert, markup)));
  const head = headOf(enrichment).map((line) => markup.paragraph(markup.text(line)));
  const assemble = (shownRows: string, shownItems: string) =>
    [
      ...head,
      ...(rows.length > 0 ? [markup.table(columns, shownRows)] : []),
      ...(items.length > 0 ? [markup.list(shownItems)] : []),
    ].join('');

  const room = MOST_CHARACTERS - assemble('', '').length;
  const kept = Math.min(items.join('').length, Math.floor(room / 3));
  const shownRows = cutRows(rows, room - kept, (count) =>
    markup.row(columns.map((_, index) => (index === 0 ? markup.text(`and ${count} more`) : ''))),
  );
  const shownItems = cutRows(items, room - shownRows.length, (count) =>
    markup.item(markup.text(`and ${count} more`)),
  );
  return assemble(shownRows, shownItems);
}

/** What was found, and what became of the alerts; then, where something failed, what may be missing. */
function headOf({ ips, alerts, stats }: Enrichment): string[] {
  const having = (status: AlertEntry['status']) => alerts.filter((alert) => alert.status === status).length;
  const failed = having('failed');
  const outcomes = [
    [having('found'), 'with IPs'],
    [having('empty'), 'without IPs in Defender'],
    [having('not_found'), 'not found'],
    [having('skipped'), 'skipped'],
    [failed, 'failed'],
  ] as const;
  const told = outcomes.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const summary = `Related IP addresses: ${ips.length}. Alerts: ${alerts.length} (${told.join(', ')}).`;
  return [
    summary,
    ...(failed > 0
      ? [
          `Incomplete: the lookup of ${failed} of ${alerts.length} alerts failed, so addresses may be missing.`,
        ]
      : []),
    ...(stats?.reason === undefined ? [] : [plainText(`Statistics: ${stats.reason}`, MOST_TEXT)]),
  ];
}

/** Columns, and an address's cells in them; those of the statistics only where some address has them. */
function tableOf(ips: readonly RelatedIp[], { text, code }: Markup) {
  const hasStats = ips.some(({ stats }) => stats !== undefined);
  return {
    columns: [
      'Address',
      'Scope',
      'Alerts',
      'Sources',
      ...(hasStats ? ['Prevalence', 'First seen', 'Last seen'] : []),
    ],
    cells: (ip: RelatedIp) => [
      code(ip.address),
      text(ip.scope),
      listed(ip.alertIds, (id) => code(plainText(id, MOST_TEXT))),
      text(ip.sources.map((source) => (source === 'defender' ? 'Defender' : source)).join(', ')),
      ...(hasStats ? statsCells(ip).map((cell) => text(plainText(cell, MOST_TEXT))) : []),
    ],
  };
}

function statsCells({ stats }: RelatedIp): string[] {
  if (!stats) return ['', '', ''];
  return [String(stats.organizationPrevalence), stats.firstSeen ?? '', stats.lastSeen ?? ''];
}

interface Unanswered {
  readonly alert: AlertEntry;
  readonly why: string;
}

function withReason(alert: AlertEntry): Unanswered[] {
  const why = whyUnanswered(alert);
  return why === undefined ? [] : [{ alert, why }];
}

const URGENCY: readonly AlertEntry['status'][] = ['failed', 'not_found', 'skipped'];

/** Failures first, for they are what someone has to act on; the note about the rest comes last. */
function byUrgency(one: Unanswered, other: Unanswered): number {
  return URGENCY.indexOf(one.alert.status) - URGENCY.indexOf(other.alert.status);
}

function itemOf({ alert, why }: Unanswered, { text, code }: Markup): string {
  const { alertId, pointer, status, retryAfterSeconds } = alert;
  const who =
    alertId !== undefined
      ? `Alert ${code(plainText(alertId, MOST_TEXT))}`
      : text(plainText(pointer === '' ? 'An alert' : `The alert at ${pointer}`, MOST_TEXT));
  const again = retryAfterSeconds === undefined ? '' : text(` Ask again in ${retryAfterSeconds} s.`);
  return `${who} (${status.replace('_', ' ')}): ${text(plainText(why, MOST_TEXT))}${again}`;
}
