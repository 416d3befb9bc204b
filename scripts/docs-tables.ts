import { readFile } from 'node:fs/promises';
import { KINDS } from '../shared/base/errors.js';
import type { OptionSet } from '../shared/contract/option-kinds.js';
import { CHECKS } from '../shared/doctor/checks/index.js';
import { FORMATS } from '../shared/formats/index.js';
import { ALL_SHAPES } from '../shared/payload/shapes/index.js';
import { WRAPPERS } from '../shared/payload/unwrap.js';
import { METRICS } from '../shared/telemetry/items.js';
import { ALERT_RULES } from './artefacts/alert-rules.js';

/** The table of shapes for the docs, in Markdown, from the registry: name, title, where the ids sit. */
export function shapesTable(): string {
  const rows = [
    ...ALL_SHAPES.map(({ name, title, where, seen }) => [`\`${name}\``, title, where, seen]),
    ...WRAPPERS.map(({ title, where }) => ['(wrapper)', title, where, '']),
  ];
  return table(['`shape`', 'payload', 'where the alert id is looked for, best first', 'seen in'], rows);
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

/** The table of alert rules, from those that are deployed. */
export function alertRulesTable(): string {
  const rows = ALERT_RULES.map(({ name, query, measure, above, windowMinutes, severity, why }) => {
    const over =
      measure === 'rows'
        ? 'the number of rows'
        : `the ${WORDS[measure.aggregation]} of \`${measure.column}\``;
    const limit = above.toLocaleString('en-US');
    return [
      name,
      `\`${query.replaceAll('\n', ' ')}\`: ${over} is above ${limit}`,
      `${windowMinutes} min`,
      String(severity),
      why,
    ];
  });
  return table(['rule', 'when', 'over', 'severity', 'why, and what to do'], rows);
}

const WORDS = { Total: 'sum', Maximum: 'largest' };

/** The parameters of the template, from the template as it is compiled. */
export async function parametersTable(): Promise<string> {
  const { parameters } = JSON.parse(await readFile('deploy/azuredeploy.json', 'utf8'));
  const rows = Object.entries<TemplateParameter>(parameters).map(([name, parameter]) => [
    `\`${name}\``,
    parameter.metadata.description,
    parameter.allowedValues?.map((value) => `\`${value}\``).join(', ') ?? '',
    shown(parameter.defaultValue),
  ]);
  return table(['parameter', 'meaning', 'values', 'default'], rows);
}

interface TemplateParameter {
  readonly metadata: { readonly description: string };
  readonly allowedValues?: readonly unknown[];
  readonly defaultValue: unknown;
}

function shown(value: unknown): string {
  if (value === '') return '';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

/** The table of problems, from the kinds that errors can have. */
export function kindsTable(): string {
  const rows = Object.entries(KINDS).map(([kind, [status, title]]) => [String(status), `\`${kind}\``, title]);
  return table(['status', 'kind', 'what happened'], rows);
}

/** The names of the doctor's checks, from their registry. */
export function checksList(): string {
  return ['settings', ...CHECKS.map(({ name }) => name)].map((name) => `\`${name}\``).join(' · ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
