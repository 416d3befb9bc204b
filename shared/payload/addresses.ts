import { inside, items, type JsonTexts, member, spelt } from './json.js';

/**
 * Where Microsoft's alert objects hold addresses. Values come as they are; references.ts checks them, and
 * takes no more than it needs, so all of this is lazy.
 * A device's own addresses (network interfaces) are left out: they tell where the alert happened, not
 * what it is related to.
 */

/**
 * The member `name` of each element of a list, or of the one element in its place: `evidence[].ipAddress`.
 */
export function* addressesIn(list: unknown, name = 'ipAddress'): Generator<unknown> {
  for (const element of Array.isArray(list) ? list : [list]) {
    const address = spelt(element, name);
    if (address !== undefined && address !== null) yield address;
  }
}

/** One after the other; an element that is a list stands for its elements. */
export function each(...values: readonly unknown[]): Generator<unknown> {
  return eachOfAll(values);
}

/** The same of a list, which can be long. */
export function* eachOfAll(values: readonly unknown[]): Generator<unknown> {
  for (const value of values) {
    if (typeof value === 'object' && value !== null && Symbol.iterator in value)
      yield* value as Iterable<unknown>;
    else yield value;
  }
}

/** Entities are text in some shapes. A longer text is not opened only to look for addresses. */
const LONGEST_ENTITIES = 1_000_000;

/**
 * The addresses among Sentinel's entities, which come as a list or as the list's JSON text:
 * `{"Type":"ip","Address":"…"}`, `{"kind":"Ip","properties":{"address":"…"}}`, or within a
 * network-connection as `SourceAddress` and `DestinationAddress`.
 * https://learn.microsoft.com/azure/sentinel/entities-reference#ip-address
 */
export function* entityAddresses(entities: unknown, texts: JsonTexts): Generator<unknown> {
  const isText = typeof entities === 'string';
  if (isText && entities.length > LONGEST_ENTITIES) return;
  for (const entity of items(isText ? texts.parse(entities) : entities)) {
    yield* ownAddress(entity);
    yield* ownAddress(member(entity, 'SourceAddress'));
    yield* ownAddress(member(entity, 'DestinationAddress'));
  }
}

function* ownAddress(entity: unknown): Generator<unknown> {
  const type = member(entity, 'Type') ?? member(entity, 'type') ?? member(entity, 'kind');
  if (typeof type !== 'string' || type.toLowerCase() !== 'ip') return;
  yield member(entity, 'Address') ?? member(entity, 'address') ?? inside(entity, 'properties', 'address');
}
