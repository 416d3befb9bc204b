import type { SettingProblem } from '../base/setting-reader.js';
import { isLoopback } from '../base/web.js';

/** Where a cloud's Defender is, and who gives tokens for it. */
export interface DefenderCloud {
  /** Origin of the API, such as `https://api.security.microsoft.com`. */
  readonly apiHost: string;
  /** What tokens are asked for; not always the host. */
  readonly audience: string;
  /** Origin of the login authority. */
  readonly authorityHost: string;
  /**
   * Origin of Microsoft Graph, where permissions are granted, and what its tokens are asked for:
   * https://learn.microsoft.com/graph/deployments
   */
  readonly graphHost: string;
  /**
   * Id of Graph's application permission SecurityAlert.Read.All, another one for the US government's clouds:
   * https://learn.microsoft.com/graph/permissions-reference
   */
  readonly graphRoleId: string;
  /** Origin of the portal that shows alerts: https://learn.microsoft.com/defender-xdr/usgov */
  readonly portal: string;
  /**
   * What a managed identity's token has to be for, to pass as an app registration's credential:
   * https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
   */
  readonly exchangeAudience: string;
}

/** The clouds by their name in `DEFENDER_CLOUD`. */
export type CloudName = 'commercial' | 'gcc' | 'gcc-high' | 'dod';

const PUBLIC_GRAPH_ROLE = '472e4a4d-bb4a-4026-98d1-0b0d74cb74a5';

const US_GOVERNMENT: DefenderCloud = {
  apiHost: 'https://api-gov.securitycenter.microsoft.us',
  audience: 'https://api-gov.securitycenter.microsoft.us',
  authorityHost: 'https://login.microsoftonline.us',
  graphHost: 'https://graph.microsoft.us',
  graphRoleId: '64c33fcb-e6aa-490d-bed5-6016a9ef8f6d',
  portal: 'https://security.microsoft.us',
  exchangeAudience: 'api://AzureADTokenExchangeUSGov',
};

/**
 * Hosts: https://learn.microsoft.com/defender-endpoint/gov#api. The commercial audience is still the
 * older name of the service; the government ones are taken to be the host, and can be overridden.
 */
export const CLOUDS: Readonly<Record<CloudName, DefenderCloud>> = {
  commercial: {
    apiHost: 'https://api.security.microsoft.com',
    audience: 'https://api.securitycenter.microsoft.com',
    authorityHost: 'https://login.microsoftonline.com',
    graphHost: 'https://graph.microsoft.com',
    graphRoleId: PUBLIC_GRAPH_ROLE,
    portal: 'https://security.microsoft.com',
    exchangeAudience: 'api://AzureADTokenExchange',
  },
  gcc: {
    apiHost: 'https://api-gcc.securitycenter.microsoft.us',
    audience: 'https://api-gcc.securitycenter.microsoft.us',
    authorityHost: 'https://login.microsoftonline.com',
    graphHost: 'https://graph.microsoft.com',
    graphRoleId: PUBLIC_GRAPH_ROLE,
    portal: 'https://security.microsoft.com',
    exchangeAudience: 'api://AzureADTokenExchange',
  },
  'gcc-high': US_GOVERNMENT,
  dod: { ...US_GOVERNMENT, graphHost: 'https://dod-graph.microsoft.us', portal: 'https://security.apps.mil' },
};

/** The clouds' names, in the order of the documentation. */
export const CLOUD_NAMES = Object.keys(CLOUDS) as readonly CloudName[];

/** Where tokens come from one login authority, so that each may fit each host. GCC has the public one. */
type Realm = 'public' | 'US government';

const AUTHORITY_OF: Readonly<Record<Realm, string>> = {
  public: 'login.microsoftonline.com',
  'US government': 'login.microsoftonline.us',
};

const CLOUDS_OF: Readonly<Record<Realm, string>> = {
  public: 'commercial or gcc',
  'US government': 'gcc-high or dod',
};

/**
 * What cannot work of a host, an audience and a login authority that were each set by themselves. Pure.
 * Hosts that are not Microsoft's (a gateway, a stand-in on this machine) go with anything.
 *
 * @param cloud what `DEFENDER_CLOUD` says; it decides for a `.us` host whose name does not say
 */
export function cloudProblems(cloud: CloudName, parts: DefenderCloud): SettingProblem[] {
  const host = realmOf(parts.apiHost, cloud);
  const audience = realmOf(parts.audience, cloud);
  const problems: SettingProblem[] = [];
  if (isLoopback(parts.apiHost)) return problems;
  if (host && audience && host !== audience) {
    problems.push({
      setting: 'DEFENDER_AUDIENCE',
      message:
        `is one of the ${audience} cloud, but the API host (DEFENDER_API_HOST) is one of the ${host} cloud, which refuses ` +
        `such tokens: set DEFENDER_CLOUD to ${CLOUDS_OF[host]} for that host, or name an audience of its cloud`,
      remedy: { set: 'DEFENDER_CLOUD', remove: 'DEFENDER_AUDIENCE' },
    });
  }
  const realm = host ?? audience;
  if (realm && !isAuthorityOf(realm, parts.authorityHost)) {
    problems.push({
      setting: 'DEFENDER_AUTHORITY_HOST',
      message:
        `is not the login authority of the ${realm} cloud that the API host or the audience belongs to: tokens for it ` +
        `come from ${AUTHORITY_OF[realm]} only, which DEFENDER_CLOUD=${CLOUDS_OF[realm]} implies`,
      remedy: { set: 'DEFENDER_CLOUD', remove: 'DEFENDER_AUTHORITY_HOST' },
    });
  }
  return problems;
}

/** Where an API host or an audience belongs; undefined for what is not Microsoft's. */
function realmOf(address: string, cloud: CloudName): Realm | undefined {
  if (!URL.canParse(address)) return undefined;
  const { hostname } = new URL(address);
  if (hostname === 'securitycenter.onmicrosoft.com' || hostname.endsWith('.microsoft.com')) return 'public';
  if (!hostname.endsWith('.microsoft.us')) return undefined;
  if (hostname.startsWith('api-gcc.')) return 'public';
  if (hostname.startsWith('api-gov.')) return 'US government';
  return cloud === 'gcc' ? 'public' : 'US government';
}

/** An authority that is not one of Microsoft's known ones may be a private one: that passes. */
function isAuthorityOf(realm: Realm, authorityHost: string): boolean {
  const { hostname } = new URL(authorityHost);
  const isKnown = Object.values(AUTHORITY_OF).includes(hostname);
  return !isKnown || hostname === AUTHORITY_OF[realm];
}
