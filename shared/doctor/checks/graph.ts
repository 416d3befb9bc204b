import type { App } from '../../app/app.js';
import { asEnrichmentError } from '../../base/errors.js';
import { graphApi, PERMISSION } from '../../graph/api.js';
import { readClaims } from '../../identity/claims.js';
import { scopeOf } from '../../identity/token-cache.js';
import { explain } from '../../upstream/explain.js';
import type { Check, Observation } from '../check.js';
import { grantGraphPermission } from '../commands.js';

/** How long the one call may take. */
const PROBE_MS = 20_000;

/**
 * Microsoft Graph as a source: whether there is a token for it, what that says, and the one call, if it is
 * wanted.
 */
export const graph: Check = {
  name: 'graph',
  async examine({ app, asked }, signal) {
    if (!app.graph) return [];
    const permission = await lookAtPermission(app, signal);
    if (asked.probe === undefined) return [permission];
    return [permission, await probe(app, asked.probe, signal)];
  },
};

/** Graph's tokens are for Graph alone to read: what one seems to say is never more than a warning. */
async function lookAtPermission({ ownToken, settings }: App, signal: AbortSignal): Promise<Observation> {
  try {
    const { token } = await ownToken(scopeOf(settings.graph.audience), signal);
    const claims = readClaims(token);
    if (claims?.roles.includes(PERMISSION) || claims?.scopes.includes(PERMISSION)) {
      return { status: 'ok', found: `The token for Microsoft Graph carries the permission ${PERMISSION}.` };
    }
    const what = claims ? `does not seem to carry ${PERMISSION}` : `cannot be read here`;
    return {
      status: 'warn',
      found:
        `The token for Microsoft Graph ${what}. The permission reads the alerts of every product; without it Graph ` +
        'answers 403. probe=ALERTID tells for sure. The platform caches tokens for about 24 hours.',
      fix: grantGraphPermission(claims?.objectId ?? 'OBJECT_ID', settings.cloud),
    };
  } catch (error) {
    return { status: 'fail', found: `No token for Microsoft Graph: ${asEnrichmentError(error).message}` };
  }
}

async function probe(
  { clock, graph: source, settings }: App,
  alertId: string,
  signal: AbortSignal,
): Promise<Observation> {
  const untilMs = clock.monotonicMs() + PROBE_MS;
  try {
    const probed = await source?.probe(alertId, { signal, untilMs: () => untilMs, at: () => {} });
    if (!probed) throw new TypeError('there is no Graph to ask');
    const { reading, token } = probed;
    if (reading.kind === 'not-found') {
      const found =
        'Microsoft Graph answered 404 in its own words: this alert is not in alerts_v2, which leaves out tuned alerts. So ' +
        'sign-in and permission are right.';
      return { status: 'ok', found };
    }
    if (reading.kind === 'value') {
      const { ips, own } = reading.value;
      const found = `Microsoft Graph answered 200, with ${ips.length} addresses of this alert and ${own.length} of its devices.`;
      return { status: 'ok', found };
    }
    const { message } = explain(
      reading,
      { api: graphApi(settings.graph), claims: readClaims(token.token) },
      undefined,
    );
    const fix = grantGraphPermission(readClaims(token.token)?.objectId ?? 'OBJECT_ID', settings.cloud);
    return { status: 'fail', found: message, ...(reading.kind === 'forbidden' ? { fix } : {}) };
  } catch (error) {
    return { status: 'fail', found: asEnrichmentError(error).message };
  }
}
