import type { SettingProblem } from '../setting-problem.js';
import { isLoopback } from '../web-address.js';
import type { CloudName, DefenderCloud } from './clouds.js';

/** Clouds that share nothing: a token of one is worth nothing in another. GCC signs in with the commercial authority. */
type Land = 'commercial' | 'GCC' | 'US government';

const AUTHORITY_OF: Readonly<Record<Land, string>> = {
  commercial: 'login.microsoftonline.com',
  GCC: 'login.microsoftonline.com',
  'US government': 'login.microsoftonline.us',
};

const CLOUD_OF: Readonly<Record<Land, string>> = {
  commercial: 'commercial',
  GCC: 'gcc',
  'US government': 'gcc-high or dod',
};

/**
 * What cannot work of a host, an audience and a login authority that were each set by themselves. Pure.
 * Hosts that are not Microsoft's (a gateway, a stand-in on this machine) go with anything.
 *
 * @param cloud what `DEFENDER_CLOUD` says; it decides what a `.us` host is whose name does not tell
 */
export function cloudProblems(cloud: CloudName, parts: DefenderCloud): SettingProblem[] {
  const host = landOf(parts.apiHost, cloud);
  const audience = landOf(parts.audience, cloud);
  const problems: SettingProblem[] = [];
  if (isLoopback(parts.apiHost)) return problems;
  if (host && audience && host !== audience) {
    problems.push({
      setting: 'DEFENDER_AUDIENCE',
      message:
        `is for the ${audience} cloud, but the API host (DEFENDER_API_HOST) is one of the ${host} cloud, which refuses ` +
        `such tokens: set DEFENDER_CLOUD to ${CLOUD_OF[host]} for that host, and leave the audience to it`,
    });
  }
  const land = host ?? audience;
  if (land && !isAuthorityOf(land, parts.authorityHost)) {
    problems.push({
      setting: 'DEFENDER_AUTHORITY_HOST',
      message:
        `is not the login authority of the ${land} cloud that the API host or the audience belongs to: tokens for it ` +
        `come from ${AUTHORITY_OF[land]} only, which DEFENDER_CLOUD=${CLOUD_OF[land]} implies`,
    });
  }
  return problems;
}

/** Which cloud an API host or an audience belongs to; undefined for what is not Microsoft's. */
function landOf(address: string, cloud: CloudName): Land | undefined {
  if (!URL.canParse(address)) return undefined;
  const { hostname } = new URL(address);
  if (hostname === 'securitycenter.onmicrosoft.com' || hostname.endsWith('.microsoft.com'))
    return 'commercial';
  if (!hostname.endsWith('.microsoft.us')) return undefined;
  if (hostname.startsWith('api-gcc.')) return 'GCC';
  if (hostname.startsWith('api-gov.')) return 'US government';
  return cloud === 'gcc' ? 'GCC' : 'US government';
}

/** An authority that is not one of Microsoft's known ones may be a private one: that passes. */
function isAuthorityOf(land: Land, authorityHost: string): boolean {
  const { hostname } = new URL(authorityHost);
  const isKnown = Object.values(AUTHORITY_OF).includes(hostname);
  return !isKnown || hostname === AUTHORITY_OF[land];
}
