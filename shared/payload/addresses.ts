import { inside, items, member, parseNested } from './json.js';

/**
 * Where Microsoft's alert objects hold addresses. Values come as they are; references.ts checks them.
 * A device's own addresses (network interfaces) are left out: they tell where the alert happened, not
 * what it is related to.
 */

/** The member `name` of each element of a list: `evidence[].ipAddress`, `entities[].ipAddress`. */
export function addressesIn(list: unknown, name = 'ipAddress'): unknown[] {
  const addresses: unknown[] = [];
  for (const element of items(list)) {
    const address = member(element, name);
    if (address !== undefined && address !== null) addresses.push(address);
  }
  return addresses;
}

/**
 * The addresses among Sentinel's entities, which come as a list or as the list's JSON text:
 * `{"Type":"ip","Address":"…"}`, `{"kind":"Ip","properties":{"address":"…"}}`, or within a
 * network-connection as `SourceAddress` and `DestinationAddress`.
 * https://learn.microsoft.com/azure/sentinel/entities-reference#ip-address
 */
export function entityAddresses(entities: unknown): unknown[] {
  const list = typeof entities === 'string' ? parseNested(entities) : entities;
  return items(list).flatMap((entity) => [
    ...ownAddress(entity),
    ...ownAddress(member(entity, 'SourceAddress')),
    ...ownAddress(member(entity, 'DestinationAddress')),
  ]);
}

function ownAddress(entity: unknown): unknown[] {
  const type = member(entity, 'Type') ?? member(entity, 'type') ?? member(entity, 'kind');
  if (typeof type !== 'string' || type.toLowerCase() !== 'ip') return [];
  return [member(entity, 'Address') ?? member(entity, 'address') ?? inside(entity, 'properties', 'address')];
}
