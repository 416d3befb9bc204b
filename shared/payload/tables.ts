import { isObject, items, type JsonTexts, member, spelt } from './json.js';
import type { Path } from './path.js';
import { type Row, rowFacts } from './rows.js';
import type { Candidate } from './shape.js';

/** Whether a value is a query's result with the columns beside the rows. */
export function areTables(tables: unknown): tables is readonly unknown[] {
  return Array.isArray(tables) && tables.length > 0 && tables.every(isTable);
}

/**
 * Whether a value is a table: of Log Analytics (`columns`, `rows`), of Azure Data Explorer (`Columns`,
 * `Rows`).
 */
export function isTable(table: unknown): boolean {
  return Array.isArray(spelt(table, 'columns')) && Array.isArray(spelt(table, 'rows'));
}

/** The alerts in the rows of `tables[]`. */
export function* tablesCandidates(
  tables: readonly unknown[],
  path: Path,
  texts: JsonTexts,
): Generator<Candidate | undefined> {
  for (const [index, table] of tables.entries()) yield* tableCandidates(table, [...path, index], texts);
}

/**
 * The alerts in the rows of a table with `columns[].name` and `rows[][]`: values by the column's position. A
 * row is an array, so there is nothing to attach IPs to.
 * https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format
 * https://learn.microsoft.com/kusto/api/rest/response
 */
export function* tableCandidates(
  table: unknown,
  path: Path,
  texts: JsonTexts,
): Generator<Candidate | undefined> {
  const positions = new Map<string, number>();
  for (const [position, column] of items(spelt(table, 'columns')).entries()) {
    const name = isObject(column) ? (member(column, 'ColumnName') ?? spelt(column, 'name')) : column;
    if (typeof name === 'string') positions.set(name.toLowerCase(), position);
  }
  const rows = member(table, 'rows') === undefined ? 'Rows' : 'rows';
  for (const [at, values] of items(member(table, rows)).entries()) {
    const facts = rowFacts(rowByPosition(values, positions), texts);
    yield facts && { path: [...path, rows, at], attachTo: undefined, ...facts };
  }
}

function rowByPosition(values: unknown, positions: ReadonlyMap<string, number>): Row {
  return (column) => {
    const position = positions.get(column);
    return position === undefined ? undefined : items(values)[position];
  };
}
