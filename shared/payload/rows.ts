import { alertIdIn } from '../base/alert-id.js';
import { each, entityAddresses } from './addresses.js';
import { items, type JsonObject, type JsonTexts, member } from './json.js';
import type { Candidate } from './shape.js';

/** A row's value by the name of its column, in lower case; undefined where there is no such column. */
export type Row = (column: string) => unknown;

/** Columns that can hold an alert id, as the tables of Sentinel and Defender XDR call them, best first. */
const ID_COLUMNS = ['VendorOriginalId', 'ProviderAlertId', 'AlertId', 'alert_id', 'ExternalId'];
const LINK_COLUMNS = ['AlertLink', 'AlertWebUrl', 'LinkToMTP', 'LinkToWDATP'];
const PRODUCT_COLUMNS = ['ProviderName', 'ServiceSource', 'ProductName'];
const ADDRESS_COLUMNS = ['RemoteIP', 'IpAddress', 'SourceIP', 'DestinationIP', 'src_ip', 'dest_ip'];

/** For people, in Markdown: the columns of a row that are read, for the `where` of shapes with rows. */
export const ROW_COLUMNS = `${asCode([...ID_COLUMNS, 'Id', ...LINK_COLUMNS])}; product from ${asCode(PRODUCT_COLUMNS)}`;

/** The same as `Row` knows them. */
const IDS = lowerCase(ID_COLUMNS);
const LINKS = lowerCase(LINK_COLUMNS);
const PRODUCTS = lowerCase(PRODUCT_COLUMNS);
const ADDRESSES = lowerCase(ADDRESS_COLUMNS);
/** All columns that are read, so that others need not be kept. */
const READ: ReadonlySet<string> = new Set([...IDS, ...LINKS, ...PRODUCTS, ...ADDRESSES, 'id', 'entities']);

function lowerCase(names: readonly string[]): string[] {
  return names.map((name) => name.toLowerCase());
}

function asCode(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

/**
 * What a row of a query's result says of an alert: `SecurityAlert`
 * (https://learn.microsoft.com/azure/azure-monitor/reference/tables/securityalert), `AlertInfo`,
 * `AlertEvidence`, or whatever a query made of them.
 * @returns undefined for a row without any column for an alert id; a lone `Id` counts only if it is one
 */
export function rowFacts(row: Row, texts: JsonTexts): Omit<Candidate, 'path' | 'attachTo'> | undefined {
  const ids = valuesIn(row, IDS);
  const links = valuesIn(row, LINKS);
  const id = row('id');
  if (alertIdIn(id) !== undefined) ids.push(id);
  if (ids.length === 0 && links.length === 0) return undefined;
  return { ids, links, products: valuesIn(row, PRODUCTS), ips: addressesOf(row, texts) };
}

/** Lazy, so that `Entities` is opened only where its addresses are wanted. */
function* addressesOf(row: Row, texts: JsonTexts): Generator<unknown> {
  yield* entityAddresses(row('entities'), texts);
  yield* each(...valuesIn(row, ADDRESSES));
}

/** A row from pairs of names and values; of a name that comes twice the last one counts, as in JSON. */
function rowOf(pairs: Iterable<readonly [name: unknown, value: unknown]>): Row {
  const values = new Map<string, unknown>();
  for (const [name, value] of pairs) {
    if (typeof name !== 'string' || name.length > LONGEST_COLUMN) continue;
    const column = name.toLowerCase();
    if (READ.has(column)) values.set(column, value);
  }
  return (column) => values.get(column);
}

const LONGEST_COLUMN = 100;

/** A row that is an object. */
export function rowOfObject(object: JsonObject): Row {
  return rowOf(Object.entries(object));
}

/** A row from a list of `{"name": …, "value": …}`, as Azure Monitor writes rows and dimensions. */
export function rowOfNamed(list: unknown): Row {
  return rowOf(items(list).map((pair) => [member(pair, 'name'), member(pair, 'value')] as const));
}

function valuesIn(row: Row, columns: readonly string[]): unknown[] {
  return columns.map(row).filter((value) => value !== undefined && value !== null && value !== '');
}
