import type { EnrichedPayload } from '../enrichment/enrich.js';
import { type AlertEntry, alertCountOf, type Enrichment, type RelatedIp } from '../enrichment/result.js';
import { listed, whyUnanswered } from './texts.js';

/**
 * The longest comment that Microsoft Sentinel takes:
 * https://learn.microsoft.com/azure/sentinel/sentinel-service-limits#incident-limits
 */
const MOST_CHARACTERS = 30_000;
/** Longest text from outside in one place: far below the room that a row has, whatever escaping adds. */
const MOST_TEXT = 600;
/** Beyond so many addresses and alerts, one with links is too long for certain. */
const MOST_LINKED = 1_000;

/** How a comment is written. What is passed in as `plain` is one printable line and not yet escaped. */
export interface Markup {
  /** Escapes a sentence. */
  text(plain: string): string;
  /** Escapes an address or an id. */
  code(plain: string): string;
  /** What is escaped already, as a link; `url` is ours and needs no escaping. */
  link(escaped: string, url: string): string;
  paragraph(escaped: string): string;
  table(columns: readonly string[], rows: string): string;
  row(escapedCells: readonly string[]): string;
  list(items: string): string;
  item(escaped: string): string;
}

/**
 * The enrichment for people, as an incident's comment or a chat message: how many IPs, a table of them, and
 * every alert that has no answer with the reason. Cut at 30,000 characters, with a note of how many
 * more there are. Ids are links to the portal where all of it fits.
 */
export function comment({ enrichment, portal }: EnrichedPayload, markup: Markup): string {
  const linked = portal === undefined ? undefined : withLinks(enrichment, markup, portal);
  return linked ?? withoutLinks(enrichment, markup);
}

/** All of it; undefined where it is too long for that. */
function withLinks(enrichment: Enrichment, markup: Markup, portal: string): string | undefined {
  if (enrichment.ips.length + enrichment.alerts.length > MOST_LINKED) return undefined;
  const id = (text: string) =>
    markup.link(idOf(text, markup), `${portal}/alerts/${encodeURIComponent(plainText(text, MOST_TEXT))}`);
  const { assemble, rows, items } = partsOf(enrichment, markup, id);
  const text = assemble([...rows].join(''), items.join(''));
  return text.length <= MOST_CHARACTERS ? text : undefined;
}

/**
 * As much as there is room for. A third of it is kept for reasons, so that no flood of IPs hides a failure.
 */
function withoutLinks(enrichment: Enrichment, markup: Markup): string {
  const { columns, assemble, rows, items } = partsOf(enrichment, markup, (text) => idOf(text, markup));
  const room = MOST_CHARACTERS - assemble('', '').length;
  const kept = Math.min(items.join('').length, Math.floor(room / 3));
  const shownRows = cutRows(rows, enrichment.ips.length, room - kept, (count) =>
    markup.row(columns.map((_, index) => (index === 0 ? markup.text(`and ${count} more`) : ''))),
  );
  const shownItems = cutRows(items, items.length, room - shownRows.length, (count) =>
    markup.item(markup.text(`and ${count} more`)),
  );
  return assemble(shownRows, shownItems);
}

/** An id as it is shown. */
type ShowId = (id: string) => string;

function idOf(id: string, { code }: Markup): string {
  return code(plainText(id, MOST_TEXT));
}

/** What a comment is put together of; rows are made one by one, since most of many are not shown. */
function partsOf(enrichment: Enrichment, markup: Markup, id: ShowId) {
  const { ips } = enrichment;
  const { columns, cells } = tableOf(ips, markup, id);
  const head = headOf(enrichment, markup, id).map(markup.paragraph);
  const items = alike(enrichment.alerts).map((group) => markup.item(itemOf(group, markup, id)));
  const rows = (function* () {
    for (const ip of ips) yield markup.row(cells(ip));
  })();
  const assemble = (shownRows: string, shownItems: string) =>
    [
      ...head,
      ...(ips.length > 0 ? [markup.table(columns, shownRows)] : []),
      ...(items.length > 0 ? [markup.list(shownItems)] : []),
    ].join('');
  return { columns, rows, items, assemble };
}

/** What was found, and what became of the alerts; then, where something failed, what may be missing. */
function headOf(enrichment: Enrichment, markup: Markup, id: ShowId): string[] {
  const { alerts, counts, ips, stats, statsMissing = 0, warnings = [] } = enrichment;
  const having = (status: AlertEntry['status']) => alerts.filter((alert) => alert.status === status).length;
  const failed = having('failed');
  const outcomes = counted([
    [having('found'), 'with IPs'],
    [having('empty'), 'without IPs'],
    [having('not_found'), 'not found'],
    [having('skipped'), 'skipped'],
    [failed, 'failed'],
  ]);
  const scopes = counted([
    [counts.public, 'public'],
    [counts.private, 'private'],
    [counts.other, 'other'],
  ]);
  const sources = shared(ips, sourcesOf);
  const sentences = [
    `Related IP addresses: ${counts.total}${counts.total > 0 ? ` (${scopes})` : ''}.`,
    ...(ips.length < counts.total ? ['Only public ones are listed.'] : []),
    ...(sources === undefined ? [] : [`Source: ${sources}.`]),
    `Alerts: ${alerts.length} (${outcomes}).`,
  ];
  const incomplete = `Incomplete: the lookup of ${failed} of ${alerts.length} alerts failed, so addresses may be missing.`;
  const inPart = alerts.filter((alert) => alert.incomplete).length;
  const partly = `Incomplete: of ${inPart} alerts a source could not say all that it knows, so addresses may be missing.`;
  const alertsOfAll = shared(ips, (ip) => alertsOf(ip, id));
  const escaped = (line: string) => markup.text(plainText(line, MOST_TEXT));
  return [
    escaped(sentences.join(' ')),
    ...(alertsOfAll === undefined ? [] : [`${markup.text('All addresses belong to:')} ${alertsOfAll}`]),
    ...(failed > 0 ? [escaped(incomplete)] : []),
    ...(inPart > 0 ? [escaped(partly)] : []),
    ...(stats?.reason === undefined
      ? []
      : [escaped(`Device counts are missing for ${statsMissing} public addresses: ${stats.reason}`)]),
    ...warnings.map(({ detail }) => escaped(`Warning: ${detail}`)),
  ];
}

/** "3 public, 2 private": what there is some of. */
function counted(counts: readonly (readonly [count: number, what: string])[]): string {
  return counts.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : [])).join(', ');
}

/** What all addresses have alike, so that it need not be in every row. */
function shared(ips: readonly RelatedIp[], show: (ip: RelatedIp) => string): string | undefined {
  const [first] = ips;
  if (!first) return undefined;
  const text = show(first);
  return ips.every((ip) => show(ip) === text) ? text : undefined;
}

function alertsOf(ip: RelatedIp, id: ShowId): string {
  return listed(ip.alertIds, alertCountOf(ip), id);
}

const SOURCE_TITLES: Readonly<Partial<Record<string, string>>> = {
  defender: 'Defender',
  graph: 'Microsoft Graph',
};

function sourcesOf({ sources }: RelatedIp): string {
  return sources.map((source) => SOURCE_TITLES[source] ?? source).join(', ');
}

/** A column: its head, and an address's cell in it. */
type Column = readonly [head: string, cell: (ip: RelatedIp) => string];

/**
 * Columns, and an address's cells in them. Columns that would say the same in each row are in the head
 * instead.
 */
function tableOf(ips: readonly RelatedIp[], { text, code }: Markup, id: ShowId) {
  const plain = (cell: (ip: RelatedIp) => string) => (ip: RelatedIp) => text(plainText(cell(ip), MOST_TEXT));
  const some = (isThere: boolean, ...columns: readonly Column[]) => (isThere ? columns : []);
  const columns: Column[] = [
    ['Address', ({ address }) => code(address)],
    ['Scope', plain(({ scope }) => scope)],
    ...some(shared(ips, (ip) => alertsOf(ip, (alertId) => alertId)) === undefined, [
      'Alerts',
      (ip) => alertsOf(ip, id),
    ]),
    ...some(shared(ips, sourcesOf) === undefined, ['Sources', plain(sourcesOf)]),
    ...some(
      ips.some(({ evidence }) => evidence?.verdict !== undefined),
      ['Verdict', plain(({ evidence }) => evidence?.verdict ?? '')],
    ),
    ...some(
      ips.some(({ evidence }) => evidence?.roles !== undefined),
      ['Roles', plain(({ evidence }) => evidence?.roles?.join(', ') ?? '')],
    ),
    ...some(
      ips.some(({ evidence }) => evidence?.country !== undefined),
      ['Country', plain(({ evidence }) => evidence?.country ?? '')],
    ),
    ...some(
      ips.some(({ stats }) => stats !== undefined),
      ['Devices', plain(({ stats }) => (stats ? String(stats.organizationPrevalence) : ''))],
      ['First seen', plain(({ stats }) => dateOf(stats?.firstSeen))],
      ['Last seen', plain(({ stats }) => dateOf(stats?.lastSeen))],
    ),
  ];
  return {
    columns: columns.map(([head]) => head),
    cells: (ip: RelatedIp) => columns.map(([, cell]) => cell(ip)),
  };
}

/** The day of a moment: in a table, its time of day only takes room. */
function dateOf(iso: string | null | undefined): string {
  return iso?.replace(/^(\d{4}-\d\d-\d\d)T.*$/s, '$1') ?? '';
}

/** Alerts that have no answer for the same reason. */
interface Unanswered {
  readonly status: AlertEntry['status'];
  readonly why: string;
  readonly alerts: AlertEntry[];
}

const URGENCY: readonly AlertEntry['status'][] = ['failed', 'not_found', 'skipped'];

/**
 * The alerts without an answer, together where they have the same reason but for its numbers: of twenty
 * alerts that the quota refused, each names another wait. Failures first, for they are what someone has to
 * act on.
 */
function alike(alerts: readonly AlertEntry[]): Unanswered[] {
  const groups = new Map<string, Unanswered>();
  for (const alert of alerts) {
    const why = whyUnanswered(alert);
    if (why === undefined) continue;
    const key = `${alert.status} ${why.replace(/\d+/g, '#')}`;
    const group = groups.get(key);
    if (group) group.alerts.push(alert);
    else groups.set(key, { status: alert.status, why, alerts: [alert] });
  }
  return [...groups.values()].sort(
    (one, other) => URGENCY.indexOf(one.status) - URGENCY.indexOf(other.status),
  );
}

function itemOf({ status, why, alerts }: Unanswered, { text }: Markup, id: ShowId): string {
  const [first] = alerts;
  const nameOf = ({ alertId, pointer }: AlertEntry) =>
    alertId === undefined
      ? text(plainText(pointer === '' ? 'without an id' : `at ${pointer}`, MOST_TEXT))
      : id(alertId);
  const reason = `${text(`(${status.replace('_', ' ')}): `)}${text(plainText(why, MOST_TEXT))}${text(again(alerts))}`;
  if (first && alerts.length === 1) return `${text('Alert ')}${nameOf(first)} ${reason}`;
  const names = listed(alerts.slice(0, MOST_NAMED).map(nameOf), alerts.length);
  return `${text(`${alerts.length} alerts `)}${reason} ${text('These are: ')}${names}`;
}

/** The names that a list of alerts shows are a few; the others need not be made. */
const MOST_NAMED = 3;

function again(alerts: readonly AlertEntry[]): string {
  const waits = alerts.flatMap(({ retryAfterSeconds: wait }) => (wait === undefined ? [] : [wait]));
  if (waits.length === 0) return '';
  const [soonest, latest] = [Math.min(...waits), Math.max(...waits)];
  return ` Ask again in ${soonest === latest ? soonest : `${soonest} to ${latest}`} s.`;
}

/**
 * As many rows as fit into `budget` characters, in their order, followed by what `more` says of the rest.
 * Rows are never cut themselves, so that a shortened document is as well-formed as a whole one.
 * @param count how many rows there are; those beyond the budget are not made
 */
export function cutRows(
  rows: Iterable<string>,
  count: number,
  budget: number,
  more: (count: number) => string,
): string {
  const taken: string[] = [];
  let used = 0;
  let fitting = 0; // rows behind which there is room for the note
  for (const row of rows) {
    used += row.length;
    if (used > budget) return taken.slice(0, fitting).join('') + more(count - fitting);
    taken.push(row);
    if (used + more(count - taken.length).length <= budget) fitting = taken.length;
  }
  return taken.join('');
}

/** Control characters, invisible ones that turn the direction of writing or join, and half surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}]/gu;

/** One line of printable text, at most `most` characters long; what is cut off is shown by an ellipsis. */
export function plainText(text: string, most: number): string {
  const line = text
    .slice(0, 2 * most)
    .replace(/\s+/g, ' ')
    .trim();
  const isCut = line.length > most || text.length > 2 * most;
  const short = isCut ? `${line.slice(0, most - 1)}…` : line;
  return short.replace(UNPRINTABLE, '');
}
