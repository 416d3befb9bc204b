import { isEndpointAlertId, otherProductOf } from '../alert-id.js';
import { RequestError } from '../errors.js';
import { type Path, toPointer } from './path.js';
import { knownProduct } from './products.js';
import type { Candidate, Shape } from './shape.js';
import { SHAPES } from './shapes/index.js';

/** One alert of the payload. */
export type AlertReference = EndpointReference | OtherReference | UnusableReference;

interface Found {
  /** JSON Pointer into the payload. */
  readonly pointer: string;
  readonly shape: string;
}

/** An alert that Defender for Endpoint can be asked about. */
export interface EndpointReference extends Found {
  readonly kind: 'endpoint';
  readonly alertId: string;
  /** Where its IPs go; absent where the alert is a bare string. */
  readonly attachTo: Path | undefined;
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

/** Most alerts that one payload may carry: what the upstream answers in about six hours. */
const MOST_ALERTS = 10_000;

/**
 * The alerts in a payload, in its order.
 * @throws {RequestError} `no-alert-found` when there is none, `invalid-body` when there are too many
 */
export function findAlerts(payload: unknown): readonly AlertReference[] {
  const recognised = recognise(payload);
  const references =
    recognised?.candidates.map((candidate) => toReference(candidate, recognised.shape.name)) ?? [];
  if (references.every(({ kind }) => kind === 'unusable')) throw nothingFound(recognised);
  if (references.length > MOST_ALERTS) {
    throw new RequestError(
      'invalid-body',
      `The payload carries ${references.length} alerts; one post takes ${MOST_ALERTS}. Split it.`,
    );
  }
  return references;
}

interface Recognised {
  readonly shape: Shape;
  readonly candidates: readonly Candidate[];
}

function recognise(payload: unknown): Recognised | undefined {
  for (const shape of SHAPES) {
    const candidates = shape.find(payload);
    if (candidates) return { shape, candidates };
  }
  return undefined;
}

function toReference(candidate: Candidate, shape: string): AlertReference {
  const found = { pointer: toPointer(candidate.path), shape };
  const named = knownProduct(candidate.product);
  const alertId = [...candidate.ids, ...(candidate.links ?? []).map(idInLink)].find(isEndpointAlertId);
  const otherId = candidate.ids.find((id): id is string => otherProductOf(id) !== undefined);
  if (named && !named.isEndpoint) {
    return { kind: 'other-product', ...found, alertId: otherId ?? alertId, product: named.name };
  }
  if (alertId !== undefined) return { kind: 'endpoint', ...found, alertId, attachTo: candidate.attachTo };
  const product = otherProductOf(otherId);
  return product
    ? { kind: 'other-product', ...found, alertId: otherId, product }
    : { kind: 'unusable', ...found };
}

/** The id in the address of an alert's page in the portal. */
function idInLink(link: unknown): string | undefined {
  if (typeof link !== 'string') return undefined;
  return /^https:\/\/(?:security\.microsoft\.com\/alerts|securitycenter\.microsoft\.com\/alert|securitycenter\.windows\.com\/alert)\/([^/?#]+)/.exec(
    link,
  )?.[1];
}

function nothingFound(recognised: Recognised | undefined): RequestError {
  const lookedFor = `Looked for: ${SHAPES.map((shape) => shape.title).join('; ')}.`;
  const seen = !recognised
    ? 'The payload is of no known shape.'
    : recognised.candidates.length === 0
      ? `The payload was recognised as ${recognised.shape.title}, but it carries no alert.`
      : `The payload was recognised as ${recognised.shape.title}, but no id in it fits the grammar of ` +
        'Defender for Endpoint alert ids (such as da637472900382838869_1364969609).';
  return new RequestError('no-alert-found', `${seen} ${lookedFor}`);
}
