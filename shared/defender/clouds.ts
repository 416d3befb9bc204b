/** Where a cloud's Defender is, and who gives tokens for it. */
export interface DefenderCloud {
  /** Origin of the API, such as `https://api.security.microsoft.com`. */
  readonly apiHost: string;
  /** What tokens are asked for; not always the host. */
  readonly audience: string;
  /** Origin of the login authority. */
  readonly authorityHost: string;
}

/** The clouds by their name in `DEFENDER_CLOUD`. */
export type CloudName = 'commercial' | 'gcc' | 'gcc-high' | 'dod';

const US_GOVERNMENT: DefenderCloud = {
  apiHost: 'https://api-gov.securitycenter.microsoft.us',
  audience: 'https://api-gov.securitycenter.microsoft.us',
  authorityHost: 'https://login.microsoftonline.us',
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
  },
  gcc: {
    apiHost: 'https://api-gcc.securitycenter.microsoft.us',
    audience: 'https://api-gcc.securitycenter.microsoft.us',
    authorityHost: 'https://login.microsoftonline.com',
  },
  'gcc-high': US_GOVERNMENT,
  dod: US_GOVERNMENT,
};
