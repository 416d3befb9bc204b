import { isObject, items, member } from './json.js';
import type { Path } from './path.js';
import { type Row, rowFacts } from './rows.js';
import type { Candidate } from './shape.js';

/** Whether a value is a query's result with the columns beside the rows. */
export function areTables(tables: unknown): tables is readonly unknown[] {
  return (
    Array.isArray(tables) &&
    tables.length > 0 &&
    tables.every((table) => Array.isArray(member(table, 'columns')) && Array.isArray(member(table, 'rows')))
  );
}

/**
 * The alerts in the rows of `tables[]`, each with `columns[].name` and `rows[][]`: values by the
 * column's position. A row is an array, so there is nothing to attach IPs to.
 * https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format
 */
export function* tableCandidates(tables: readonly unknown[], path: Path): Generator<Candidate> {
  for (const [index, table] of tables.entries()) {
    const positions = new Map<string, number>();
    for (const [position, column] of items(member(table, 'columns')).entries()) {
      const name = isObject(column) ? member(column, 'name') : column;
      if (typeof name === 'string') positions.set(name.toLowerCase(), position);
    }
    for (const [at, values] of items(member(table, 'rows')).entries()) {
      const facts = rowFacts(rowByPosition(values, positions));
      if (facts) yield { path: [...path, index, 'rows', at], attachTo: undefined, ...facts };
    }
  }
}

function rowByPosition(values: unknown, positions: ReadonlyMap<string, number>): Row {
  return (column) => {
    const position = positions.get(column);
    return position === undefined ? undefined : items(values)[position];
  };
}
