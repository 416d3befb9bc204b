import { parseIpAddress } from '../base/ip-address.js';
import { type IpEvidence, type IpVerdict, VERDICTS } from '../lookup/source.js';
import { MOST_ROLES, withEvidence } from '../lookup/source-choice.js';
import { type Answered, malformed, type Reading } from '../upstream/outcome.js';
import { excerpt, parseObject } from '../upstream/wire.js';

/** What one alert of `alerts_v2` says of addresses. */
export interface AlertEvidence {
  /** Canonical addresses that the alert is about, each once, in the answer's order. */
  readonly ips: readonly string[];
  readonly evidence: Readonly<Record<string, IpEvidence>>;
  /** Addresses of the alert's own devices; none of them is in `ips`. */
  readonly own: readonly string[];
  /** Values in an address's place that are none. */
  readonly unusable: readonly string[];
  /** Whether something is missing: Graph says so, or there is more than is read. */
  readonly isPartial: boolean;
}

/**
 * Pieces of evidence of one alert that are read. A choice: real alerts have some tens, the largest hundreds.
 */
export const MOST_EVIDENCE = 10_000;
/**
 * Different addresses of each class that are kept of one alert: with all that is known of them about 1 MB.
 */
export const MOST_ADDRESSES = 5_000;
/** Unusable values of one alert that are kept to be reported. */
const MOST_UNUSABLE = 100;
/** The words of Graph's enumerations. */
const WORD = /^[A-Za-z]{1,40}$/;
/** They say that nothing is known. */
const NO_ROLES = ['unknown', 'unknownFutureValue'];
const TYPE = '#microsoft.graph.security.';

type Json = Record<string, unknown>;
/** Where evidence of one type has addresses: what the alert is about, and what is a device's own. */
type Places = (item: Json) => { readonly related?: readonly unknown[]; readonly own?: readonly unknown[] };

/**
 * By the type of the evidence. Paths: the metadata of Graph v1.0 (microsoftgraph/msgraph-metadata). Which of
 * them are a device's own is a choice. Types that are not here have none: an address that is allowed to use a
 * token, or that stands in a URL, is none that took part.
 */
const PLACES: Readonly<Record<string, Places>> = {
  ipEvidence: (item) => ({ related: [item] }),
  networkConnectionEvidence: (item) => ({ related: [item.sourceAddress, item.destinationAddress] }),
  dnsEvidence: (item) => ({ related: [item.dnsServerIp, item.hostIpAddress, ...listOf(item.ipAddresses)] }),
  analyzedMessageEvidence: (item) => ({ related: [item.senderIp] }),
  submissionMailEvidence: (item) => ({ related: [item.senderIp] }),
  teamsMessageEvidence: (item) => ({ related: [item.senderIP ?? item.senderIp] }),
  deviceEvidence: (item) => ({ own: addressesOfDevice(item) }),
  hostLogonSessionEvidence: ({ host }) => ({ own: isObject(host) ? addressesOfDevice(host) : [] }),
  ioTDeviceEvidence: (item) => ({
    own: [item.ipAddress, ...listOf(item.nics).map((nic) => (isObject(nic) ? nic.ipAddress : undefined))],
  }),
  nicEvidence: (item) => ({ own: [item.ipAddress] }),
  kubernetesPodEvidence: (item) => ({ own: [item.podIp] }),
  kubernetesServiceEvidence: (item) => ({ own: [item.clusterIP, ...listOf(item.externalIPs)] }),
};

function addressesOfDevice({
  ipInterfaces,
  lastIpAddress,
  lastExternalIpAddress,
  resourceAccessEvents,
}: Json) {
  const accessed = listOf(resourceAccessEvents).map((event) =>
    isObject(event) ? event.ipAddress : undefined,
  );
  return [...listOf(ipInterfaces), lastIpAddress, lastExternalIpAddress, ...accessed];
}

/**
 * Reads `GET /security/alerts_v2/{id}`. Anything but an alert with a list of evidence is malformed and never
 * "no IPs", as with Defender. Evidence of a type that is not known, and what is not of the form that its type
 * has, is passed over.
 */
export function readAlert({ body, contentType, isPartial }: Answered): Reading<AlertEvidence> {
  const alert = parseObject(body);
  if (!alert) return malformed('a body that is no JSON object');
  const { id, evidence, error } = alert;
  if (error !== undefined && error !== null) return malformed('200 and an error in its body');
  if (typeof id !== 'string' || !Array.isArray(evidence)) {
    return malformed('a body that is no alert with a list of evidence');
  }
  if (evidence.length === 0 && !/^application\/(?:[\w.-]+\+)?json\b/i.test(contentType ?? '')) {
    return malformed('an alert without evidence that is not JSON by its content type');
  }
  const reader = new EvidenceReader();
  for (const item of evidence.slice(0, MOST_EVIDENCE)) if (isObject(item)) reader.add(item);
  const isCut = evidence.length > MOST_EVIDENCE || alert['evidence@odata.nextLink'] !== undefined;
  return { kind: 'value', value: reader.result(isPartial || isCut) };
}

class EvidenceReader {
  readonly #related = new Map<string, IpEvidence>();
  readonly #own = new Set<string>();
  readonly #unusable: string[] = [];
  #isFull = false;

  add(item: Json): void {
    const type = String(item['@odata.type'] ?? '');
    const name = type.startsWith(TYPE) ? type.slice(TYPE.length) : '';
    const places = Object.hasOwn(PLACES, name) ? PLACES[name] : undefined;
    if (!places) return;
    const { related = [], own = [] } = places(item);
    for (const value of own) {
      const ip = parseIpAddress(isObject(value) ? value.ipAddress : value);
      if (ip && this.#hasRoom(this.#own, ip.address)) this.#own.add(ip.address);
    }
    for (const value of related) this.#addRelated(item, value);
  }

  #addRelated(item: Json, value: unknown): void {
    const about = isObject(value) ? value : {};
    const written = isObject(value) ? value.ipAddress : value;
    if (written === undefined || written === null || written === '') return; // nothing was known of it
    const ip = parseIpAddress(written);
    if (!ip) {
      if (this.#unusable.length < MOST_UNUSABLE) this.#unusable.push(show(written));
      return;
    }
    if (!this.#hasRoom(this.#related, ip.address)) return;
    // What stands within other evidence often says less of itself than that does.
    const said = withEvidence(evidenceOf(about), value === item ? {} : evidenceOf(item));
    this.#related.set(ip.address, withEvidence(this.#related.get(ip.address) ?? {}, said));
  }

  #hasRoom(known: { readonly size: number; has(address: string): boolean }, address: string): boolean {
    const hasRoom = known.size < MOST_ADDRESSES || known.has(address);
    if (!hasRoom) this.#isFull = true;
    return hasRoom;
  }

  result(isPartial: boolean): AlertEvidence {
    const ips = [...this.#related.keys()].filter((address) => !this.#isOnlyOwn(address));
    const known = ips.flatMap((address) => {
      const said = this.#related.get(address) ?? {};
      return Object.keys(said).length > 0 ? [[address, said] as const] : [];
    });
    const isRelated = new Set(ips);
    return {
      ips,
      evidence: Object.fromEntries(known),
      own: [...this.#own].filter((address) => !isRelated.has(address)),
      unusable: this.#unusable,
      isPartial: isPartial || this.#isFull,
    };
  }

  /**
   * A device's loopback or link-local address is its own whoever else names it: it means nothing elsewhere.
   */
  #isOnlyOwn(address: string): boolean {
    const scope = parseIpAddress(address)?.scope ?? '';
    return this.#own.has(address) && ['loopback', 'link-local'].includes(scope);
  }
}

function evidenceOf({ verdict, roles, countryLetterCode }: Json): IpEvidence {
  const isRole = (role: unknown): role is string =>
    typeof role === 'string' && WORD.test(role) && !NO_ROLES.includes(role);
  const named = [...new Set(listOf(roles).slice(0, MOST_ROLES).filter(isRole))];
  const country = typeof countryLetterCode === 'string' ? countryLetterCode.toUpperCase() : '';
  return {
    ...(VERDICTS.includes(verdict as IpVerdict) ? { verdict: verdict as IpVerdict } : {}),
    ...(named.length > 0 ? { roles: named } : {}),
    ...(/^[A-Z]{2}$/.test(country) ? { country } : {}),
  };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A list, as far as it is read; anything else is an empty one. */
function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, MOST_EVIDENCE) : [];
}

/** A value as a report may show it. */
function show(value: unknown): string {
  return typeof value === 'object' ? '{…}' : excerpt(String(value));
}
