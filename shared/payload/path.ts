/**
 * Where a value stands in a payload: member names and array indexes, from the root down.
 *
 * A path goes through JSON strings as if their content stood there in their place: in
 * `{"rawJSON":"{\"id\":\"da…\"}"}` the id is at `['rawJSON', 'id']`, and the path of a string that is
 * JSON text names its content as well.
 */
export type Path = readonly (string | number)[];

/** Names around real alerts have some 20 characters each. A choice: ten times as much as any path needs. */
export const LONGEST_POINTER = 1_000;

/**
 * The path as a JSON Pointer (RFC 6901); the root is the empty string. Through a JSON string it goes
 * on in the parsed content: `/rawJSON/id`.
 */
export function toPointer(path: Path): string {
  let pointer = '';
  for (const step of path) pointer += `/${typeof step === 'number' ? step : escaped(step)}`;
  return pointer;
}

/** Whether the path's pointer is longer than `LONGEST_POINTER`, which costs no more than that to find out. */
export function isLong(path: Path): boolean {
  let characters = 0;
  for (const step of path) {
    characters += 1 + String(step).length;
    if (characters > LONGEST_POINTER) return true;
  }
  return characters > LONGEST_POINTER / 2 && toPointer(path).length > LONGEST_POINTER;
}

function escaped(name: string): string {
  return /[~/]/.test(name) ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name;
}
