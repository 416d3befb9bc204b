import type { Api } from '../upstream/api.js';

/** What the settings say about Microsoft Graph. */
export interface GraphSettings {
  /** Origin of Graph. */
  readonly apiHost: string;
  readonly audience: string;
  /** A minute's calls; Graph has no limit by the hour. */
  readonly perMinute: number;
}

/** The permission that `alerts_v2` wants, application and delegated alike. */
export const PERMISSION = 'SecurityAlert.Read.All';

/** Microsoft Graph of a cloud. */
export function graphApi({ apiHost, audience }: Omit<GraphSettings, 'perMinute'>): Api {
  return {
    name: 'graph',
    title: 'Microsoft Graph',
    host: apiHost,
    audience,
    hostSetting: 'GRAPH_API_HOST',
    // Without it a product that is newer than the enumeration comes as "unknownFutureValue".
    headers: { Prefer: 'include-unknown-enum-members' },
    hasPartialAnswers: true,
    // Graph's tokens are for Graph alone to read, so they are not looked into.
    whyRefused: (status) =>
      status === 403
        ? {
            kind: 'source-refused',
            check:
              `Grant the permission ${PERMISSION} of Microsoft Graph (its role id differs by cloud; the doctor has the ` +
              "command) to this app's identity; for as=user, to the app registration as a delegated one, and the user " +
              'needs a role that reads alerts. The platform caches tokens, so a grant can take up to 24 hours to be ' +
              'seen. If it says insufficient_claims, a conditional access policy stands in the way.',
          }
        : { kind: 'token-refused', check: 'Check that GRAPH_API_HOST and DEFENDER_CLOUD fit the tenant.' },
    whenRetired:
      'Nothing in this app can change that; look for a newer version of the app, and for what Microsoft says about ' +
      'alerts_v2 of Microsoft Graph.',
  };
}
