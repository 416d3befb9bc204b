/** Where a value stands in a JSON document: member names and array indexes, from the root down. */
export type Path = readonly (string | number)[];

/** The path as a JSON Pointer (RFC 6901); the root is the empty string. */
export function toPointer(path: Path): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
