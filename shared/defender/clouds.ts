/** Where a cloud's Defender is, and who gives tokens for it. */
export interface DefenderCloud {
  /** Origin of the API, such as `https://api.security.microsoft.com`. */
  readonly apiHost: string;
  /** What tokens are asked for; not always the host. */
  readonly audience: string;
  /** Origin of the login authority. */
  readonly authorityHost: string;
  /** Origin of Microsoft Graph, where permissions are granted: https://learn.microsoft.com/graph/deployments */
  readonly graphHost: string;
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

const US_GOVERNMENT: DefenderCloud = {
  apiHost: 'https://api-gov.securitycenter.microsoft.us',
  audience: 'https://api-gov.securitycenter.microsoft.us',
  authorityHost: 'https://login.microsoftonline.us',
  graphHost: 'https://graph.microsoft.us',
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
    portal: 'https://security.microsoft.com',
    exchangeAudience: 'api://AzureADTokenExchange',
  },
  gcc: {
    apiHost: 'https://api-gcc.securitycenter.microsoft.us',
    audience: 'https://api-gcc.securitycenter.microsoft.us',
    authorityHost: 'https://login.microsoftonline.com',
    graphHost: 'https://graph.microsoft.com',
    portal: 'https://security.microsoft.com',
    exchangeAudience: 'api://AzureADTokenExchange',
  },
  'gcc-high': US_GOVERNMENT,
  dod: { ...US_GOVERNMENT, graphHost: 'https://dod-graph.microsoft.us', portal: 'https://security.apps.mil' },
};

/** The clouds' names, in the order of the documentation. */
export const CLOUD_NAMES = Object.keys(CLOUDS) as readonly CloudName[];
