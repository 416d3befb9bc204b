import { hasEndpointPrefix, isEndpointAlertId, otherProductOf } from '../base/alert-id.js';
import { RequestError } from '../base/errors.js';
import { canonicalIpAddress } from '../base/ip-address.js';
import { type Path, toPointer } from './path.js';
import { idInPortalLink } from './portal-link.js';
import { type Product, productNamed } from './products.js';
import { MOST_ALERTS, type Recognised, recognise, tooManyAlerts } from './recognise.js';
import type { Candidate } from './shape.js';
import { ALL_SHAPES } from './shapes/index.js';
import { plain } from './shapes/plain.js';
import { findUnknown, UNKNOWN } from './unknown.js';

/** One alert of the payload. */
export type AlertReference = EndpointReference | OtherReference | UnusableReference;

interface Found {
  /** JSON Pointer into the payload, through JSON strings too: see `toPointer`. */
  readonly pointer: string;
  readonly shape: string;
}

/** An alert that Defender for Endpoint can be asked about. */
export interface EndpointReference extends Found {
  readonly kind: 'endpoint';
  readonly alertId: string;
  /** Where its IPs go; absent where the alert is a bare string or a table's row. */
  readonly attachTo: Path | undefined;
  /** Addresses that the payload ties to this alert, canonical, each once. */
  readonly payloadIps: readonly string[];
}

/** Another product's alert. */
export interface OtherReference extends Found {
  readonly kind: 'other-product';
  readonly alertId: string | undefined;
  readonly product: string;
}

/** Something in an alert's place without an id that could be one. */
export interface UnusableReference extends Found {
  readonly kind: 'unusable';
}

/** Most different addresses that are kept of one payload, all alerts together. */
const MOST_PAYLOAD_IPS = 10_000;

/**
 * The alerts in a payload, in its order.
 * @throws {RequestError} `no-alert-found` when there is none, `invalid-body` when there are too many
 */
export function findAlerts(payload: unknown): readonly AlertReference[] {
  const recognised = recognise(payload);
  const references = toReferences(recognised.findings.map(({ shape, candidate }) => [candidate, shape.name]));
  if (references.some(({ kind }) => kind !== 'unusable')) return references;
  // What the plain shape found without an id that fits is not known to be that shape.
  if ([...recognised.shapes].every((shape) => shape === plain)) {
    const found = findUnknown(payload, MOST_ALERTS + 1);
    if (found.length > MOST_ALERTS) throw tooManyAlerts();
    if (found.length > 0) return toReferences(found.map((candidate) => [candidate, UNKNOWN]));
  }
  throw nothingFound(recognised);
}

function toReferences(found: readonly (readonly [Candidate, shape: string])[]): AlertReference[] {
  const canonical = canonicalAddresses(MOST_PAYLOAD_IPS);
  return found.map(([candidate, shape]) => toReference(candidate, shape, canonical));
}

function toReference(
  candidate: Candidate,
  shape: string,
  canonical: (values: readonly unknown[]) => readonly string[],
): AlertReference {
  const found = { pointer: toPointer(candidate.path), shape };
  const named = productNamed(candidate.products ?? []);
  const alertId = candidate.ids.find(isEndpointAlertId) ?? firstInLinks(candidate.links ?? []);
  if (alertId !== undefined && isEndpoints(alertId, named)) {
    const payloadIps = canonical(candidate.ips ?? []);
    return { kind: 'endpoint', ...found, alertId, attachTo: candidate.attachTo, payloadIps };
  }
  const otherId = candidate.ids.find((id): id is string => otherProductOf(id) !== undefined);
  const product = named && named.kind !== 'endpoint' ? named.name : otherProductOf(otherId);
  return product
    ? { kind: 'other-product', ...found, alertId: otherId ?? alertId, product }
    : { kind: 'unusable', ...found };
}

/**
 * Whether an id that fits Defender for Endpoint's grammar is its alert. Where the payload names a
 * product, that decides; where the name says too little, the id's prefix does.
 */
function isEndpoints(alertId: string, named: Product | undefined): boolean {
  if (!named || named.kind === 'endpoint') return true;
  return named.kind !== 'other' && hasEndpointPrefix(alertId);
}

function firstInLinks(links: readonly unknown[]): string | undefined {
  for (const link of links) {
    const id = idInPortalLink(link);
    if (id !== undefined) return id;
  }
  return undefined;
}

/** Reads addresses of one alert after the other; once `most` are known, others are not looked at. */
function canonicalAddresses(most: number): (values: readonly unknown[]) => readonly string[] {
  const known = new Map<unknown, string>();
  return (values) => {
    if (values.length === 0) return [];
    const addresses = new Set<string>();
    for (const value of values) {
      const address = known.get(value) ?? (known.size < most ? canonicalIpAddress(value) : undefined);
      if (address === undefined) continue;
      known.set(value, address);
      addresses.add(address);
    }
    return [...addresses];
  };
}

/** Says what the payload was recognised as and what was looked for, and nothing of what is in it. */
function nothingFound({ shapes, findings, envelopes }: Recognised): RequestError {
  const known = [...shapes];
  const around = envelopes.size > 0 ? ` in ${[...envelopes].join(', ')}` : '';
  if (known.length === 0) {
    const titles = ALL_SHAPES.map((shape) => shape.title).join('; ');
    return new RequestError(
      'no-alert-found',
      `The payload${around} is of no known shape, and ${NO_ID_FITS} Known shapes: ${titles}.`,
    );
  }
  const what = `The payload was recognised as ${known.map((shape) => shape.title).join(', and ')}${around}`;
  const where = known.map((shape) => shape.where.replaceAll('`', '')).join('; ');
  const why = findings.length === 0 ? 'it carries no alert.' : NO_ID_FITS;
  return new RequestError('no-alert-found', `${what}, but ${why} Where ids are looked for: ${where}.`);
}

const NO_ID_FITS =
  'no id in it fits the grammar of Defender for Endpoint alert ids (such as da637472900382838869_1364969609).';
