import type { App, Startup } from '../app/app.js';
import { runWithin } from '../base/deadline.js';
import type { Reporter } from '../base/environment.js';
import { asEnrichmentError, DeadlineError, type EnrichmentError, faultOf } from '../base/errors.js';
import { COMMIT, VERSION } from '../base/version.js';
import { readClaims } from '../identity/claims.js';
import { scopeOf } from '../identity/token-cache.js';
import {
  type Asked,
  type Check,
  isDefenderAsked,
  type Observation,
  type Patient,
  type ProbeLook,
  type Status,
  type TokenLook,
} from './check.js';
import { hasAnswered } from './checks/defender.js';
import { CHECKS } from './checks/index.js';
import { examineSettings } from './checks/settings.js';
import { tryStorage } from './checks/storage.js';

/** An observation, and the check that made it. */
export interface Entry extends Observation {
  readonly name: string;
}

/** What the doctor reports. */
export interface DoctorReport {
  /** The worst of all checks. */
  readonly status: Status;
  /** The verdict in a sentence. It says that the app works only where Defender answered. */
  readonly summary: string;
  readonly version: string;
  /** The commit that was built. */
  readonly commit: string;
  /** ISO-8601. */
  readonly asOf: string;
  readonly checks: readonly Entry[];
}

/** The longest that one check may take: a token takes up to 10 s, and the one call another 10 s. */
const CHECK_TIMEOUT_MS = 21_000;

/**
 * Looks at everything that keeps the app from its work, all at the same time.
 * @param asked what the sources may be asked; unless given, nothing
 */
export async function examine(startup: Startup, asked: Asked): Promise<DoctorReport> {
  const { clock } = startup.environment;
  const { checks, answered } = startup.ok
    ? await examineApp(startup.app, asked, examineSettings(startup))
    : { checks: named('settings', examineSettings(startup)), answered: false };
  const status = worst(checks);
  return {
    status,
    summary: summarize(status, answered),
    version: VERSION,
    commit: COMMIT,
    asOf: new Date(clock.epochMs()).toISOString(),
    checks,
  };
}

/** The verdict: nothing is certified that was not seen. Pure. */
function summarize(status: Status, answered: boolean): string {
  if (status === 'fail') return 'Something does not work. Fix the first failure, then ask again.';
  if (answered)
    return status === 'ok'
      ? 'All is well: Defender answered.'
      : 'Defender answered: it works, with warnings.';
  const found = status === 'ok' ? 'Nothing is wrong' : 'There are warnings, and nothing worse';
  return `${found} that can be seen without asking Defender. Ask again with &probe=ALERT_ID.`;
}

async function examineApp(
  app: App,
  asked: Asked,
  settings: readonly Observation[],
): Promise<{ readonly checks: readonly Entry[]; readonly answered: boolean }> {
  const over = new AbortController();
  const token = lookAtToken(app, over.signal);
  const { probe: alertId } = asked;
  const isProbed = alertId !== undefined && isDefenderAsked(app);
  const probe = isProbed ? makeProbe(app, alertId, over.signal) : undefined;
  const storage = tryStorage(app);
  storage.catch(() => {}); // the checks that wait for it report it
  try {
    const entries = await Promise.all(
      CHECKS.map((check) => runCheck({ app, token, probe, asked, storage }, check)),
    );
    return { checks: [...named('settings', settings), ...entries.flat()], answered: hasAnswered(app) };
  } finally {
    over.abort();
  }
}

function named(name: string, observations: readonly Observation[]): readonly Entry[] {
  return observations.map((observation) => ({ name, ...observation }));
}

async function runCheck(patient: Patient, check: Check): Promise<readonly Entry[]> {
  const { clock, report } = patient.app;
  const { name } = check;
  const tooLong = () => new DeadlineError(`This check did not end within ${CHECK_TIMEOUT_MS / 1000} s.`);
  const observations = await runWithin(clock, CHECK_TIMEOUT_MS, tooLong, ({ signal }) =>
    check.examine(patient, signal),
  ).catch((error: unknown) => failed(name, asEnrichmentError(error), report));
  return named(name, observations);
}

/** The log event of a fault of the app's own. */
const FAULT = 'doctor-check-failed';

/** A fault of the app's own is in the log, and nothing of its cause in the answer. */
function failed(name: string, error: EnrichmentError, report: Reporter): readonly Observation[] {
  const { kind, message } = error;
  if (kind !== 'internal-error') return [{ status: 'fail', found: message }];
  const { name: what = 'something', place = 'somewhere' } = faultOf(error);
  report({ event: FAULT, detail: `The doctor's check "${name}" failed: ${what} ${place}.` });
  return [{ status: 'fail', found: `This check failed; the log of the function app says where (${FAULT}).` }];
}

function lookAtToken({ settings, ownToken }: App, signal: AbortSignal): Promise<TokenLook> {
  const { audience } = settings.sources.includes('defender') ? settings.cloud : settings.graph;
  return ownToken(scopeOf(audience), signal).then(
    ({ token }) => ({ ok: true, claims: readClaims(token) }),
    (error) => ({ ok: false, error: asEnrichmentError(error) }),
  );
}

/** The one call that the caller allowed. */
function makeProbe({ clock, defender }: App, alertId: string, signal: AbortSignal): Promise<ProbeLook> {
  const untilMs = clock.monotonicMs() + CHECK_TIMEOUT_MS;
  return defender.probe(alertId, { signal, untilMs: () => untilMs, at: () => {} }).then(
    ({ reading, token }) => ({ ok: true, reading, claims: readClaims(token.token) }),
    (error) => ({ ok: false, error: asEnrichmentError(error) }),
  );
}

function worst(entries: readonly Entry[]): Status {
  const all = entries.map(({ status }) => status);
  return all.includes('fail') ? 'fail' : all.includes('warn') ? 'warn' : 'ok';
}
