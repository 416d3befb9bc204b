import { isAnyAlertId } from '../base/alert-id.js';
import type { Environment } from '../base/environment.js';
import { CodeNotLoadedError, RequestError } from '../base/errors.js';
import type { Emit } from '../base/telemetry-event.js';
import type { AccessToken } from '../identity/token-cache.js';
import type { IpSource, SourceProvider, Work } from '../lookup/source.js';
import { createCall, UpstreamClock, withTelemetry } from '../upstream/call.js';
import { ApiClient, type EndOf } from '../upstream/client.js';
import type { AlertEvidence } from './alert-evidence.js';
import { type GraphSettings, graphApi } from './api.js';

/** Graph as a source. */
export interface GraphSource extends IpSource {
  /**
   * One call about an alert, charged like any other, and what came of it; for the doctor.
   * @throws {EnrichmentError} when there is no token or no permit to call with
   */
  probe(
    alertId: string,
    work: Work,
  ): Promise<{ readonly reading: EndOf<AlertEvidence>; readonly token: AccessToken }>;
}

/** What asks and reads, loaded when Graph is first asked: most apps never do. */
const load = () =>
  import('./graph-source.js').catch((error) => {
    throw new CodeNotLoadedError('asks Microsoft Graph', error);
  });

/** Prepares Graph's alerts_v2 as a source: everybody who asks shares its connections. */
export function createGraph(
  settings: GraphSettings,
  { clock, random, emit, userAgent }: Environment & { readonly emit: Emit; readonly userAgent: string },
): SourceProvider<GraphSource> {
  const api = graphApi(settings);
  const call = withTelemetry(createCall(clock, userAgent, new UpstreamClock(), api), api.name, clock, emit);
  return {
    name: api.name,
    title: api.title,
    audience: api.audience,
    limits: { perMinute: settings.perMinute },
    open: (asker) => {
      const client = new ApiClient({ api, clock, random, call, ...asker });
      return {
        check,
        find: async (alertId, work, priority) => {
          check(alertId); // what becomes a part of a path is looked at where it does
          const { findInGraph } = await load();
          return findInGraph(client, alertId, work, priority);
        },
        warnings: () => [],
        probe: async (alertId, work) => {
          check(alertId);
          const { probeGraph } = await load();
          return probeGraph(client, alertId, work);
        },
      };
    },
  };
}

/** Graph knows the alerts of every product, by ids whose letters and form are known here. */
function check(alertId: string): void {
  if (isAnyAlertId(alertId)) return;
  throw new RequestError(
    'invalid-alert-id',
    'The id does not fit the grammar of alert ids of Microsoft Defender XDR.',
  );
}
