import type { Api } from '../upstream/api.js';
import type { DefenderCloud } from './clouds.js';
import { audienceFinding, type Finding, permissionFinding } from './findings.js';

/** What this source is called in telemetry and stored state. */
export const NAME = 'defender';

/** Defender's API of a cloud. */
export function defenderApi({ apiHost, audience }: Pick<DefenderCloud, 'apiHost' | 'audience'>): Api {
  return {
    name: NAME,
    title: 'Defender',
    host: apiHost,
    audience,
    hostSetting: 'DEFENDER_API_HOST',
    hasPartialAnswers: false,
    whyRefused: (status, claims) =>
      status === 403
        ? {
            kind: 'permission-missing',
            check: inFull(permissionFinding(claims)),
            isCertain: permissionFinding(claims).isRight === false,
          }
        : {
            kind: 'token-refused',
            check:
              `${audienceFinding(claims, audience).sentence} ` +
              'Check that DEFENDER_AUDIENCE and DEFENDER_CLOUD fit the tenant.',
          },
    whenRetired:
      'Nothing in this app can change that; look for a newer version of the app, and for what Microsoft says about ' +
      'the alerts API of Defender for Endpoint. With IP_SOURCES=defender,graph Microsoft Graph is asked in its place.',
  };
}

function inFull({ sentence, ifRefused }: Finding): string {
  return ifRefused ? `${sentence} ${ifRefused}` : sentence;
}
