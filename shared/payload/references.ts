import { bareForm, otherProductOf } from '../base/alert-id.js';
import { RequestError } from '../base/errors.js';
import { canonicalIpAddress } from '../base/ip-address.js';
import { atOnce, type Steps } from '../base/steps.js';
import type { Finding } from './mentions.js';
import type { Path } from './path.js';
import { type Recognised, recognising } from './recognise.js';

/** One alert of the payload. */
export type AlertReference = EndpointReference | OtherReference | UnusableReference;

interface Found {
  /** Where it stands, through JSON strings too. Its pointer (`toPointer`) is made where one is shown. */
  readonly path: Path;
  readonly shape: string;
}

/** An alert that a source can be asked about. */
export interface EndpointReference extends Found {
  readonly kind: 'endpoint';
  readonly alertId: string;
  /** Whose it is, when it is not Defender for Endpoint's. */
  readonly product?: string;
  /** Where its IPs go; absent where the alert is a bare string or a table's row. */
  readonly attachTo: Path | undefined;
  /** Addresses that the payload ties to this alert, canonical, each once. */
  readonly payloadIps: readonly string[];
}

/** Another product's alert that no source can be asked about. */
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
/** How many values are read to find them; those that are no addresses cost the same. */
const MOST_READ = 100_000;
/** How many of them, or of alerts, are looked at between two pauses: some tenths of a millisecond. */
const BETWEEN_PAUSES = 500;

/**
 * The alerts in a payload, in its order.
 * @param canAsk whether a source can be asked about another product's alert; none of them unless given
 * @throws {RequestError} `no-alert-found` when there is none, `invalid-body` when there are too many
 */
export function* findingAlerts(
  payload: unknown,
  canAsk: (alertId: string) => boolean = () => false,
): Steps<readonly AlertReference[]> {
  const recognised = yield* recognising(payload);
  const { findings } = recognised;
  if (findings.every(({ verdict }) => verdict.kind === 'unusable')) throw nothingFound(recognised);
  const spelling = spellingOf(findings);
  const addresses = new Addresses();
  const references: AlertReference[] = [];
  for (const { shape, candidate, verdict } of findings) {
    if (references.length % BETWEEN_PAUSES === 0) yield;
    const found = { path: candidate.path, shape: shape.name };
    const others = verdict.kind === 'other-product' ? verdict.alertId : undefined;
    if (verdict.kind === 'unusable' || (verdict.kind === 'other-product' && !isOthers(others, canAsk))) {
      references.push({ ...found, ...verdict });
      continue;
    }
    const payloadIps = yield* addresses.reading(candidate.ips);
    const id = verdict.alertId as string;
    references.push({
      kind: 'endpoint',
      ...found,
      alertId: spelling.get(id) ?? id,
      ...(verdict.kind === 'other-product' ? { product: verdict.product } : {}),
      attachTo: candidate.attachTo,
      payloadIps,
    });
  }
  return references;
}

/** Whether an id is another product's by its letters, and a source can be asked about it. */
function isOthers(alertId: string | undefined, canAsk: (alertId: string) => boolean): boolean {
  return alertId !== undefined && otherProductOf(alertId) !== undefined && canAsk(alertId);
}

/** The same without a pause. */
export function findAlerts(payload: unknown): readonly AlertReference[] {
  return atOnce(findingAlerts(payload));
}

/**
 * For ids without letters the same alert's id with them, where the payload has both: it is one alert and
 * costs one call.
 */
function spellingOf(findings: readonly Finding[]): ReadonlyMap<string, string> {
  const spelling = new Map<string, string>();
  for (const { verdict } of findings) {
    if (verdict.kind !== 'endpoint') continue;
    const bare = bareForm(verdict.alertId);
    if (bare !== undefined) spelling.set(bare, verdict.alertId);
  }
  return spelling;
}

/** Reads addresses of one alert after the other. */
class Addresses {
  readonly #known = new Map<unknown, string>();
  #read = 0;
  #seen = 0;

  *reading(values: Iterable<unknown> = []): Steps<readonly string[]> {
    const addresses = new Set<string>();
    for (const value of values) {
      if (++this.#seen % BETWEEN_PAUSES === 0) yield;
      const address = this.#known.get(value) ?? this.#readNew(value);
      if (address !== undefined) addresses.add(address);
    }
    return [...addresses];
  }

  #readNew(value: unknown): string | undefined {
    if (this.#known.size >= MOST_PAYLOAD_IPS || this.#read >= MOST_READ) return undefined;
    this.#read++;
    const address = canonicalIpAddress(value);
    if (address !== undefined) this.#known.set(value, address);
    return address;
  }
}

/** Says what the payload was recognised as and what was looked for, and nothing of what is in it. */
function nothingFound({ shapes, findings, envelopes }: Recognised): RequestError {
  const known = [...shapes];
  const around = envelopes.size > 0 ? ` in ${[...envelopes].join(', ')}` : '';
  if (known.length === 0) {
    return new RequestError(
      'no-alert-found',
      `The payload${around} is of no known shape, and ${NO_ID_FITS} Alert ids and links to alert pages were looked ` +
        'for under every member. Post the alert as its source gives it, or {"alertId": "…"}.',
    );
  }
  const what = `The payload was recognised as ${known.map((shape) => shape.title).join(', and ')}${around}`;
  const where = known.map((shape) => shape.where.replaceAll('`', '')).join('; ');
  const why = findings.length === 0 ? 'it carries no alert.' : NO_ID_FITS;
  const instead = findings.length > 0 ? '' : known.flatMap((shape) => shape.instead ?? []).join(' ');
  const next = instead === '' ? `Where ids are looked for: ${where}.` : instead;
  return new RequestError('no-alert-found', `${what}, but ${why} ${next}`);
}

const NO_ID_FITS =
  'no id in it fits the grammar of Defender for Endpoint alert ids (such as da637472900382838869_1364969609).';
