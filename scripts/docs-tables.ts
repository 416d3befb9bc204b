import { readFile } from 'node:fs/promises';
import { KINDS } from '../shared/base/errors.js';
import type { OptionSet } from '../shared/contract/option-kinds.js';
import { CHECKS } from '../shared/doctor/checks/index.js';
import { FORMATS } from '../shared/formats/index.js';
import { ROW_COLUMNS } from '../shared/payload/rows.js';
import { ALL_SHAPES } from '../shared/payload/shapes/index.js';
import { WRAPPERS } from '../shared/payload/unwrap.js';
import { METRICS } from '../shared/telemetry/items.js';
import { alert, payload, relatedIp, textOf } from '../test/formats/enrichments.js';

/** The table of shapes for the docs, in Markdown, from the registry: name, where the ids are, who sends it. */
export function shapesTable(): string {
  const rows = [
    ...ALL_SHAPES.map(({ name, where, seen }) => [
      `\`${name}\``,
      where.replace(ROW_COLUMNS, '_alert columns_'),
      seen,
    ]),
    ...WRAPPERS.map(({ title, where }) => [title, where, '']),
  ];
  return table(['`shape`', 'where the alert id is looked for, best first', 'seen in'], rows);
}

/** The table of output forms, from their registry. */
export function formatsTable(): string {
  const rows = FORMATS.map(({ name, title, contentType, where }) => [
    `\`${name}\``,
    title,
    `\`${contentType}\``,
    where,
  ]);
  return table(['`format`', 'form', 'Content-Type', 'where the addresses stand'], rows);
}

/** What one alert with one address is answered in each output format, from the formats themselves. */
export function formatSamples(): string {
  const address = '104.80.104.128';
  const id = 'da637472900382838869_1364969609';
  const found = alert(0, { alertId: id, shape: 'plain', pointer: '', ips: [address] });
  const enriched = payload([found], [relatedIp(address, [id])]);
  const samples = FORMATS.map((format) => {
    const language = /json/.test(format.contentType) ? 'json' : format.name;
    return `\`${format.name}\`:\n\n\`\`\`${language}\n${textOf(format, enriched)}\n\`\`\`\n`;
  });
  return `\n${samples.join('\n')}`;
}

/** The options of a route, from the definitions that read them. */
export function optionsTable(options: OptionSet): string {
  const rows = Object.entries(options).map(([name, { schema, description, fallbackText }]) => [
    `\`${name}\``,
    description,
    schema.default === undefined ? (fallbackText ?? '') : `\`${schema.default}\``,
  ]);
  return table(['option', 'values', 'default'], rows);
}

/** The table of metrics, from their registry. */
export function metricsTable(): string {
  const rows = Object.entries(METRICS).map(([name, [measures, dimensions]]) => [
    `\`${name}\``,
    measures,
    dimensions.map((dimension) => `\`${dimension}\``).join(', '),
  ]);
  return table(['metric', 'what it measures', 'dimensions'], rows);
}

/** The parameters of the template, from the template as it is compiled. */
export async function parametersTable(): Promise<string> {
  const { parameters } = JSON.parse(await readFile('deploy/azuredeploy.json', 'utf8'));
  const rows = Object.entries<TemplateParameter>(parameters).map(([name, parameter]) => [
    `\`${name}\``,
    firstSentence(parameter.metadata.description),
    shown(parameter.defaultValue),
  ]);
  return table(['parameter', 'meaning', 'default'], rows);
}

interface TemplateParameter {
  readonly metadata: { readonly description: string };
  readonly defaultValue: unknown;
}

/** The template's own description has the rest. */
function firstSentence(text: string): string {
  return text.split(/\. (?=[A-Z\d])/)[0]?.replace(/\.$/, '') ?? text;
}

function shown(value: unknown): string {
  if (value === '') return '';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

/** The kinds of problems by their status, from the kinds that errors can have. */
export function kindsTable(): string {
  const kinds = new Map<number, string[]>();
  for (const [kind, [status]] of Object.entries(KINDS)) {
    kinds.set(status, [...(kinds.get(status) ?? []), `\`${kind}\``]);
  }
  const rows = [...kinds].map(([status, names]) => [String(status), names.join(', ')]);
  return table(['status', 'kinds'], rows);
}

/** The names of the doctor's checks, from their registry. */
export function checksList(): string {
  return ['settings', ...CHECKS.map(({ name }) => name)].map((name) => `\`${name}\``).join(' · ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}
