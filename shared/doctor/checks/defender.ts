import type { App } from '../../app/app.js';
import type { EnrichmentError } from '../../base/errors.js';
import { defenderApi } from '../../defender/api.js';
import { permissionFinding } from '../../defender/findings.js';
import type { TokenClaims } from '../../identity/claims.js';
import type { LastCall } from '../../upstream/client.js';
import { explain } from '../../upstream/explain.js';
import type { Failure } from '../../upstream/retry.js';
import { type Check, isDefenderAsked, type Observation, type ProbeLook } from '../check.js';
import { SET_CLOUD } from '../commands.js';
import { CONNECTION_TIMEOUT_MS, connectTo, isUnknownName, type Tried } from '../connection.js';
import { permissionFix } from './permission.js';
import { SHARE_QUOTA } from './quota.js';

/** An older answer says nothing of now; a choice. */
const RECENT_MS = 3_600_000;
const ASK = 'Add probe=ALERT_ID to ask about an alert, with one call.';

/**
 * Defender itself: what the one call brought, if the caller asked for it; else whether its host can be
 * connected to, and how the last call of this process ended.
 */
export const defender: Check = {
  name: 'defender',
  async examine({ app, token, probe }, signal) {
    if (!isDefenderAsked(app)) return [];
    const warnings = app.warnings().map(({ detail }): Observation => ({ status: 'warn', found: detail }));
    if (probe) return [judgeProbe(app, await probe), ...warnings];
    const target = { url: app.settings.cloud.apiHost, allowPrivateHost: true };
    const tried = await connectTo(app.clock, target, signal);
    if (tried.kind !== 'connected') return [unreachable(target.url, tried), ...warnings];
    // That the source is suspect is seen by its answers: the last of them proves nothing then.
    if (warnings.length > 0 && recentCall(app)?.failure === undefined) return warnings;
    const look = await token;
    return [remembered(app, look.ok ? look.claims : undefined), ...warnings];
  },
};

/**
 * Whether Defender answered the last call of this process, and lately, and nothing makes its answers suspect.
 */
export function hasAnswered(app: App): boolean {
  const last = recentCall(app);
  return last !== undefined && last.failure === undefined && app.warnings().length === 0;
}

function recentCall({ clock, defender: source }: App): LastCall | undefined {
  const last = source.lastCall;
  return last && clock.epochMs() - last.atMs <= RECENT_MS ? last : undefined;
}

/** What the process knows of Defender's answers without a call. */
function remembered(app: App, claims: TokenClaims | undefined): Observation {
  const { apiHost } = app.settings.cloud;
  const last = recentCall(app);
  if (!last) {
    const since = app.defender.lastCall ? 'for more than an hour' : 'since this process started';
    const found = `Not asked: ${apiHost} can be connected to, but Defender has not been asked ${since}. ${ASK}`;
    return { status: 'ok', found };
  }
  const at = new Date(last.atMs).toISOString();
  const { failure } = last;
  if (!failure) return { status: 'ok', found: `Defender answered the last call of this process, at ${at}.` };
  const { status, found, fix } = judgeFailure(app, failure, claims);
  // What passes by itself may have passed: a new call shows it.
  const passes = ['throttled', 'unavailable', 'timed-out', 'unreachable'].includes(failure.kind);
  return {
    status: passes ? 'warn' : status,
    found: `The last call of this process, at ${at}, failed. ${found} ${ASK}`,
    ...(fix === undefined ? {} : { fix }),
  };
}

function judgeProbe(app: App, look: ProbeLook): Observation {
  if (!look.ok) return notAsked(look.error);
  const { reading, claims } = look;
  if (reading.kind === 'not-found') {
    const found =
      'Defender answered 404 in its own error form: it does not know this alert. So sign-in and permission are right.';
    return { status: 'ok', found };
  }
  if (reading.kind === 'value') {
    const found = `Defender answered 200, with ${reading.value.ips.length} addresses of this alert.`;
    return { status: 'ok', found };
  }
  return judgeFailure(app, reading, claims);
}

/** There was no call, although one was allowed. */
function notAsked({ kind, message }: EnrichmentError): Observation {
  if (kind === 'quota-exhausted') {
    return { status: 'warn', found: `Defender was not asked. ${message}`, fix: SHARE_QUOTA };
  }
  if (kind.startsWith('identity-')) {
    return { status: 'fail', found: 'Defender was not asked, because there is no token: see identity.' };
  }
  return { status: 'fail', found: message };
}

function judgeFailure({ settings }: App, failure: Failure, claims: TokenClaims | undefined): Observation {
  const found = explain(failure, { api: defenderApi(settings.cloud), claims }, undefined).message;
  const fix = fixOf(settings, failure, claims);
  return { status: 'fail', found, ...(fix === undefined ? {} : { fix }) };
}

function fixOf(
  settings: App['settings'],
  failure: Failure,
  claims: TokenClaims | undefined,
): string | undefined {
  const { apiHost } = settings.cloud;
  switch (failure.kind) {
    case 'unauthorized':
      return SET_CLOUD;
    case 'forbidden':
      if (permissionFinding(claims).isRight === false) return permissionFix(settings, claims);
      return failure.upstream ? CHECK_THE_PLAN : passUnchanged(apiHost);
    case 'refused':
      return failure.upstream ? undefined : passUnchanged(apiHost);
    case 'redirected':
    case 'untrusted':
    case 'too-large':
    case 'malformed':
      return passUnchanged(apiHost);
    case 'throttled':
      return SHARE_QUOTA;
    case 'timed-out':
      return letReach(apiHost);
    case 'unreachable':
      return isUnknownName(failure.code) ? correctName(apiHost) : letReach(apiHost);
    case 'unavailable':
      return 'Nothing is wrong in this app. Ask again in some minutes; Azure status and the service health of Microsoft 365 show outages.';
    case 'retired':
      return undefined;
  }
}

const CHECK_THE_PLAN =
  'Look in the Defender portal (Settings, Endpoints, Licenses) whether this tenant has an active plan of Defender for ' +
  'Endpoint, and whether DEFENDER_CLOUD is the cloud of that tenant.';

function unreachable(host: string, tried: Exclude<Tried, { kind: 'connected' }>): Observation {
  switch (tried.kind) {
    case 'slow': {
      const found = `${host} did not take a connection within ${CONNECTION_TIMEOUT_MS / 1000} s, so Defender cannot be asked.`;
      return { status: 'fail', found, fix: letReach(host) };
    }
    case 'untrusted': {
      const found = `The certificate of ${host} is not valid (${tried.code}), so Defender cannot be asked.`;
      const trust =
        'If a proxy opens TLS on the way, trust its authority: NODE_EXTRA_CA_CERTS=PATH_OF_A_PEM_FILE';
      return {
        status: 'fail',
        found,
        fix: `Check DEFENDER_API_HOST. ${trust} in the settings of the function app.`,
      };
    }
    case 'refused-address': {
      const found = `${host} has an address of the cloud platform itself, where Defender cannot be.`;
      return { status: 'fail', found, fix: correctName(host) };
    }
    case 'malformed':
    case 'unreachable': {
      const found = `${host} could not be reached (${tried.code}), so Defender cannot be asked.`;
      return { status: 'fail', found, fix: isUnknownName(tried.code) ? correctName(host) : letReach(host) };
    }
  }
}

function correctName(host: string): string {
  return (
    `DNS does not give a usable address for ${host}. Correct DEFENDER_API_HOST, or remove it so that DEFENDER_CLOUD decides; ` +
    "if the name is right, check the DNS servers of this app's network."
  );
}

function letReach(host: string): string {
  return (
    `Let this app's network connect to ${host}: check its firewall, proxy and outbound rules. ` +
    'If it is the wrong host, correct DEFENDER_API_HOST, or remove it so that DEFENDER_CLOUD decides.'
  );
}

function passUnchanged(host: string): string {
  return (
    `Find the proxy or firewall on the way to ${host}, and let calls of this app pass unchanged. ` +
    'If there is none, DEFENDER_API_HOST names a host that is not Defender: correct or remove it.'
  );
}
