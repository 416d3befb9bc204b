import {
  alertIdIn,
  bareForm,
  hasEndpointPrefix,
  isEndpointAlertId,
  isOthersAlertId,
  otherProductOf,
} from '../base/alert-id.js';
import { type Product, productNamed } from './products.js';
import type { Candidate } from './shape.js';

/** Whose alert a candidate is, and by which id. */
export type Verdict =
  | { readonly kind: 'endpoint'; readonly alertId: string }
  | { readonly kind: 'other-product'; readonly alertId: string | undefined; readonly product: string }
  /** It has no id that is one, and nothing says that it is another product's. */
  | { readonly kind: 'unusable' };

const UNUSABLE: Verdict = { kind: 'unusable' };

/**
 * Where the payload names one product, that decides; where the name says too little, the id's letters do.
 * The suite's names (Defender XDR) stand for several products, Defender for Endpoint among them.
 */
export function judge({ ids, links = [], products = [] }: Candidate): Verdict {
  const named = productNamed(products);
  const written = readIds(ids);
  const linked = readIds(links);
  const alertId = bestOf(written.filter(isEndpointAlertId), linked.filter(isEndpointAlertId), named);
  if (alertId !== undefined && isEndpoints(alertId, named)) return { kind: 'endpoint', alertId };
  const otherId = [...written, ...linked].find((id) => otherProductOf(id) !== undefined);
  if (named && (named.kind === 'other' || named.kind === 'unheard')) {
    return { kind: 'other-product', alertId: otherId ?? alertId, product: named.name };
  }
  const product = otherProductOf(otherId);
  if (product !== undefined) return { kind: 'other-product', alertId: otherId, product };
  // The suite's, by an id that is not Defender for Endpoint's for sure; without one nothing is known.
  const suites = alertId ?? ids.find(isOthersAlertId);
  if (named?.kind === 'suite' && suites !== undefined) {
    return { kind: 'other-product', alertId: suites, product: named.name };
  }
  return UNUSABLE;
}

function readIds(values: readonly unknown[]): string[] {
  const ids: string[] = [];
  for (const value of values) {
    const id = alertIdIn(value);
    if (id !== undefined) ids.push(id);
  }
  return ids;
}

/** Of one alert's ids that with letters: it says more, and the one without can be made of it. */
function bestOf(written: readonly string[], linked: readonly string[], named: Product | undefined) {
  const [first] = written;
  if (first === undefined) return linked.find(hasEndpointPrefix) ?? linked[0];
  if (hasEndpointPrefix(first)) return first;
  const isBetter = (id: string) => (named?.kind === 'suite' ? hasEndpointPrefix(id) : bareForm(id) === first);
  return written.find(isBetter) ?? linked.find(isBetter) ?? first;
}

function isEndpoints(alertId: string, named: Product | undefined): boolean {
  if (!named || named.kind === 'endpoint') return true;
  return named.kind !== 'other' && hasEndpointPrefix(alertId);
}
