import { createHash } from 'node:crypto';
import type { RelatedIp } from '../enrichment/result.js';
import type { Format } from './format.js';
import { jsonPieces } from './json-pieces.js';

/** For cyber-observable objects, and for nothing else: STIX 2.1, section 2.9. */
const OBSERVABLE_NAMESPACE = '00abedb4-aa42-466c-9c01-fed23315a9b7';
/** Our own, for bundles: section 2.9 forbids the one above for them. */
const BUNDLE_NAMESPACE = '03cd227b-7836-46c7-95c5-e51ba2d5827b';

/**
 * STIX 2.1 bundle of IPv4 and IPv6 address objects:
 * https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html, sections 2.9 (identifiers), 6.7, 6.8
 * (addresses) and 8 (bundle, which has no `spec_version` of its own since 2.1).
 *
 * Ids are deterministic: the same address has the same id from any producer, the same set of addresses
 * is the same bundle. Lists must not be empty, so that a bundle of nothing has no `objects`.
 *
 * A pure list: see `Format.pieces`.
 */
export const stix: Format = {
  name: 'stix',
  title: 'STIX 2.1 bundle',
  contentType: 'application/stix+json;version=2.1',
  where: '`objects[].value`, of type `ipv4-addr` and `ipv6-addr`',
  pieces: ({ enrichment }) => {
    const objects = enrichment.ips.map(toObservable);
    const ids = objects.map(({ id }) => id).sort();
    return jsonPieces({
      type: 'bundle',
      id: `bundle--${uuidV5(BUNDLE_NAMESPACE, JSON.stringify(ids))}`,
      ...(objects.length > 0 ? { objects } : {}),
    });
  },
};

function toObservable({ address, version }: RelatedIp) {
  const type = version === 4 ? 'ipv4-addr' : 'ipv6-addr';
  // An address is ASCII without anything to escape, so that this is canonical JSON (RFC 8785).
  const name = JSON.stringify({ value: address });
  return {
    type,
    spec_version: '2.1',
    id: `${type}--${uuidV5(OBSERVABLE_NAMESPACE, name)}`,
    value: address,
  };
}

/** A UUID made of a name: https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-5 */
export function uuidV5(namespace: string, name: string): string {
  const bytes = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name, 'utf8')
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6); // the version
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8); // the variant
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
