import type { SettingProblem } from '../base/setting-reader.js';
import { isLoopback } from '../base/web.js';
import type { CloudName, DefenderCloud } from './clouds.js';

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
 * @param cloud what `DEFENDER_CLOUD` says; it decides what a `.us` host is whose name does not tell
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
