/** An enrichment as a table of addresses, and that table as Markdown and CSV. No DOM in here. */

/** The part of an enrichment that the page shows; see the API reference. */
export interface Enrichment {
  readonly status: string;
  readonly ips: readonly Ip[];
  readonly alerts: readonly Alert[];
  readonly counts?: { readonly total: number; readonly public: number; readonly private: number };
  readonly statsMissing?: number;
  readonly warnings?: readonly unknown[];
  readonly quota?: Quota;
  readonly quotas?: Readonly<Record<string, Quota>>;
}

export interface Ip {
  readonly address: string;
  readonly scope: string;
  readonly sources: readonly string[];
  readonly alertIds: readonly string[];
  readonly stats?: {
    readonly organizationPrevalence: number;
    readonly firstSeen: string | null;
    readonly lastSeen: string | null;
  };
  readonly evidence?: {
    readonly verdict?: string;
    readonly roles?: readonly string[];
    readonly country?: string;
  };
}

export interface Alert {
  readonly alertId?: string;
  readonly status: string;
  readonly reason?: string;
  readonly error?: { readonly title: string; readonly detail: string };
}

interface Window {
  readonly limit: number;
  readonly remaining: number;
}

export interface Quota {
  readonly minute?: Window;
  readonly hour?: Window;
}

/** Columns with a heading each, and a row of texts for each address. */
export interface Table {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

interface Column {
  readonly heading: string;
  readonly text: (ip: Ip) => string;
  /** Left out where no address has anything to show; absent: always shown. */
  readonly optional?: true;
}

const COLUMNS: readonly Column[] = [
  { heading: 'Address', text: ({ address }) => address },
  { heading: 'Scope', text: ({ scope }) => scope },
  { heading: 'Verdict', text: ({ evidence }) => evidence?.verdict ?? '', optional: true },
  { heading: 'Role', text: ({ evidence }) => (evidence?.roles ?? []).join(', '), optional: true },
  { heading: 'Country', text: ({ evidence }) => evidence?.country ?? '', optional: true },
  { heading: 'Devices', text: ({ stats }) => String(stats?.organizationPrevalence ?? ''), optional: true },
  { heading: 'First seen', text: ({ stats }) => day(stats?.firstSeen), optional: true },
  { heading: 'Last seen', text: ({ stats }) => day(stats?.lastSeen), optional: true },
  { heading: 'Source', text: ({ sources }) => sources.join(', ') },
  { heading: 'Alerts', text: ({ alertIds }) => alertIds.join(', ') },
];

/** Public addresses first, else in the order of the answer. */
export function tableOf(ips: readonly Ip[], onlyPublic: boolean): Table {
  const isPublic = ({ scope }: Ip) => scope === 'public';
  const others = onlyPublic ? [] : ips.filter((ip) => !isPublic(ip));
  const shown = [...ips.filter(isPublic), ...others];
  const columns = COLUMNS.filter(({ optional, text }) => !optional || shown.some((ip) => text(ip) !== ''));
  return {
    headings: columns.map(({ heading }) => heading),
    rows: shown.map((ip) => columns.map(({ text }) => text(ip))),
  };
}

function day(moment: string | null | undefined): string {
  return (moment ?? '').slice(0, 10);
}

/** The table for a ticket or a wiki. */
export function asMarkdown({ headings, rows }: Table): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line), ''].join('\n');
}

/** The table for a spreadsheet (RFC 4180). No cell can begin a formula (OWASP, "CSV Injection"). */
export function asCsv({ headings, rows }: Table): string {
  const cell = (text: string) => {
    const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
  };
  return [headings, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** One sentence on the alerts and one on the addresses. */
export function summaryOf({ alerts, ips }: Enrichment): string {
  const words: Readonly<Record<string, string>> = {
    found: 'with addresses',
    empty: 'without addresses',
    not_found: 'unknown to the source',
    skipped: 'skipped',
    failed: 'failed',
  };
  const byStatus = new Map<string, number>();
  for (const { status } of alerts) byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  const outcomes = [...byStatus].map(([status, many]) => `${many} ${words[status] ?? status}`);
  const publics = ips.filter(({ scope }) => scope === 'public').length;
  return (
    `${counted(alerts.length, 'alert')}: ${outcomes.join(', ')}. ` +
    `${counted(ips.length, 'address', 'addresses')}: ${publics} public, ${ips.length - publics} other.`
  );
}

/** What is left of the calls, by source. */
export function quotaOf({ quota, quotas }: Enrichment): string {
  const named = Object.entries(quotas ?? (quota ? { defender: quota } : {}));
  return named.map(([name, { minute, hour }]) => `${name}: ${left(minute, hour)}`).join(' · ');
}

function left(minute: Window | undefined, hour: Window | undefined): string {
  const parts = [
    minute && `${minute.remaining} of ${minute.limit} calls left this minute`,
    hour && `${hour.remaining} of ${hour.limit} this hour`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** Alerts without an answer, one line for each reason, with the ids that it is about. */
export function troublesOf(alerts: readonly Alert[]): { readonly reason: string; readonly ids: string[] }[] {
  const byReason = new Map<string, string[]>();
  for (const { alertId, status, reason, error } of alerts) {
    if (status !== 'failed' && status !== 'skipped' && status !== 'not_found') continue;
    const unknown = 'The source does not know this alert. That does not mean that it has no addresses.';
    const text = error ? `${error.title}. ${error.detail}` : (reason ?? unknown);
    byReason.set(text, [...(byReason.get(text) ?? []), alertId ?? 'an alert without an id']);
  }
  return [...byReason].map(([reason, ids]) => ({ reason, ids }));
}

function counted(many: number, one: string, more = `${one}s`): string {
  return `${many} ${many === 1 ? one : more}`;
}
