import { bareForm, hasEndpointPrefix } from '../base/alert-id.js';
import type { SourceAnswer, Work } from '../lookup/source.js';
import type { Priority } from '../quota/priorities.js';
import type { Question } from '../upstream/call.js';
import type { ApiClient } from '../upstream/client.js';
import { readAlert } from './alert-evidence.js';

/** What callers are told of an alert that Graph answered 404 about. */
export const NOT_IN_GRAPH =
  'Microsoft Graph does not know this alert. That does not mean that Defender does not: alerts_v2 leaves out alerts that ' +
  "are tuned (suppressed), alerts without an incident, and Sentinel's unless its workspace is in the Defender portal.";

/** What Graph is asked about an alert. */
export function askAboutAlert(origin: string, alertId: string): Question {
  return {
    url: `${origin}/v1.0/security/alerts_v2/${encodeURIComponent(alertId)}`,
    route: '/v1.0/security/alerts_v2/{id}',
    alertId,
  };
}

/**
 * Asks Graph about an alert of any product: `GET /security/alerts_v2/{id}`
 * (https://learn.microsoft.com/graph/api/security-alert-get).
 * @throws {EnrichmentError} when there is no answer
 */
export async function findInGraph(
  client: ApiClient,
  alertId: string,
  work: Work,
  priority: Priority,
): Promise<SourceAnswer> {
  for (const form of formsOf(alertId)) {
    const answer = await client.get(askAboutAlert(client.origin, form), readAlert, work, priority);
    if (answer.kind === 'not-found') continue;
    const { ips, evidence, own, unusable, isPartial } = answer.value;
    return {
      status: ips.length > 0 ? 'found' : 'empty',
      ips,
      unusable,
      origins: [{ source: 'graph', ips }],
      ...(Object.keys(evidence).length > 0 ? { evidence } : {}),
      ...(own.length > 0 ? { own } : {}),
      ...(isPartial ? { incomplete: true } : {}),
    };
  }
  return { status: 'not_found', ips: [], unusable: [], reason: NOT_IN_GRAPH };
}

/** One call about an alert, for the doctor. */
export function probeGraph(client: ApiClient, alertId: string, work: Work) {
  const [form = alertId] = formsOf(alertId);
  return client.probe(askAboutAlert(client.origin, form), readAlert, work);
}

/**
 * The ids to ask by, the likeliest first: `id` has the two letters where `providerAlertId`, which older
 * payloads carry, has none before a GUID.
 */
function formsOf(alertId: string): readonly string[] {
  const prefixed = `da${alertId}`;
  const isBareGuid = hasEndpointPrefix(prefixed) && bareForm(prefixed) !== undefined;
  return isBareGuid ? [prefixed, alertId] : [alertId];
}
