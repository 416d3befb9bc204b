import { parseJson } from '../../shared/payload/json.js';
import { findAlerts } from '../../shared/payload/references.js';
import { caseNames, payloadOf, record } from '../payload/recorded-case.js';

/** Stands in payloads, and must stand in nothing but the answers' own `alert`. */
export const CANARY = 'canary-soak-4f1b';

/** A payload to post, and the alerts of Defender for Endpoint in it. */
export interface Payload {
  readonly shape: string;
  readonly text: string;
  readonly alertIds: readonly string[];
}

/** Makes payloads of every recorded shape, with alerts of one's own in them. */
export type PayloadMaker = (random: () => number, alertId: () => string) => Payload;

/** Reads the recorded cases whose ids can be exchanged for others. */
export async function payloadMaker(): Promise<PayloadMaker> {
  const templates: Payload[] = [];
  for (const name of await caseNames()) {
    const recorded = await payloadOf(name);
    if (record(recorded).answer === undefined) continue; // it is refused
    const template = { shape: name, text: withCanary(recorded), alertIds: idsIn(recorded) };
    if (canBeExchanged(template)) templates.push(template);
  }
  return (random, alertId) =>
    withIds(templates[Math.floor(random() * templates.length)] as Payload, () => alertId());
}

function withIds(template: Payload, alertId: (old: string) => string): Payload {
  let { text } = template;
  const alertIds = template.alertIds.map((old) => {
    const id = alertId(old);
    text = text.replaceAll(old, id);
    return id;
  });
  return { ...template, text, alertIds };
}

/** Whether exchanging the ids changes them and nothing else. */
function canBeExchanged(template: Payload): boolean {
  const { alertIds } = template;
  if (alertIds.length === 0 || !alertIds.every((id) => /^da\d{18}_-?\d+$/.test(id))) return false;
  const other = withIds(template, (old) => `da638799999999999999_${alertIds.indexOf(old) + 1}`);
  const references = findAlerts(parseJson(other.text));
  const foreign = references.flatMap((one) => (one.kind === 'other-product' ? [one.alertId] : []));
  return (
    idsIn(other.text).join() === other.alertIds.join() && !other.alertIds.some((id) => foreign.includes(id))
  );
}

function idsIn(text: string): string[] {
  const references = findAlerts(parseJson(text));
  return [...new Set(references.flatMap((one) => (one.kind === 'endpoint' ? [one.alertId] : [])))];
}

/** The text with the canary in it, where that changes nothing else. */
function withCanary(text: string): string {
  const marked = text.replace(/^\s*\{/, `{"soakNote":"${CANARY}",`);
  try {
    return idsIn(marked).join() === idsIn(text).join() ? marked : text;
  } catch {
    return text;
  }
}
