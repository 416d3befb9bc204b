import { EnrichmentError, type ErrorKind } from '../base/errors.js';
import type { Aged } from './answer-cache.js';
import { type IpEvidence, type SourceAnswer, type SourceOrigin, VERDICTS } from './source.js';

/**
 * What becomes of one question that several sources can be asked. Pure.
 *
 * `first`: the first source that has an answer is the one. Another one is asked where it does not know the
 * alert, or cannot answer for whatever reason that is its own. `all`: every source is asked, and the answer
 * is the union.
 */
export type SourcesOption = 'first' | 'all';

/** What one source made of the question. */
export type Outcome = { readonly source: string; readonly title: string } & (
  | { readonly ok: true; readonly found: Aged<SourceAnswer> }
  | { readonly ok: false; readonly error: EnrichmentError }
);

/**
 * Failures that no other source can help with: the request's own, this instance's end, and faults of ours,
 * which must not be hidden by another's answer.
 */
const NOT_ITS_OWN: readonly ErrorKind[] = ['app-stopping', 'internal-error'];
/** Its id is none that this source can be asked about; that says nothing about the source. */
const NOT_ASKED: ErrorKind = 'invalid-alert-id';

/** With `first`: whether this is the end, and no further source is asked. */
export function isFinal(outcome: Outcome): boolean {
  if (!outcome.ok) return NOT_ITS_OWN.includes(outcome.error.kind);
  const { status, incomplete } = outcome.found.answer;
  return status === 'found' || (status === 'empty' && !incomplete);
}

/**
 * The answer to a question.
 * @param outcomes of the sources that were asked, in their order; at least one
 * @throws {EnrichmentError} when there is none. That one source does not know the alert is none, as long as
 *   another
 * one could not be asked.
 */
export function answerOf(outcomes: readonly Outcome[], option: SourcesOption): Aged<SourceAnswer> {
  const fault = outcomes.find((outcome) => !outcome.ok && NOT_ITS_OWN.includes(outcome.error.kind));
  if (fault && !fault.ok) throw fault.error;
  const asked = outcomes.filter((outcome) => outcome.ok || outcome.error.kind !== NOT_ASKED);
  const answered = asked.flatMap((outcome) => (outcome.ok ? [outcome] : []));
  const failed = asked.flatMap((outcome) => (outcome.ok ? [] : [outcome]));
  const telling = answered.filter(({ found }) => found.answer.status !== 'not_found');
  if (telling.length > 0) {
    const { answer, ageSeconds } = telling.map(withOrigins).reduce(union);
    const isIncomplete = answer.incomplete || (option === 'all' && failed.length > 0);
    return { answer: isIncomplete ? { ...answer, incomplete: true } : answer, ageSeconds };
  }
  const [unknown] = answered;
  if (unknown && failed.length === 0) return unknownTo(answered);
  const [first] = failed;
  if (first) throw failureOf(failed, answered);
  throw (outcomes[0] as Extract<Outcome, { ok: false }>).error;
}

/** The answer with its source named, unless it is Defender's, which needs no name. */
function withOrigins({ source, found }: Extract<Outcome, { ok: true }>): Aged<SourceAnswer> {
  const { answer, ageSeconds } = found;
  return { ageSeconds, answer: { ...answer, origins: answer.origins ?? [{ source, ips: answer.ips }] } };
}

function union(one: Aged<SourceAnswer>, other: Aged<SourceAnswer>): Aged<SourceAnswer> {
  const [a, b] = [one.answer, other.answer];
  const ips = [...new Set([...a.ips, ...b.ips])];
  const isRelated = new Set(ips);
  const evidence = evidenceOf(a.evidence ?? {}, b.evidence ?? {});
  const own = [...new Set([...(a.own ?? []), ...(b.own ?? [])])].filter((ip) => !isRelated.has(ip));
  return {
    ageSeconds: Math.max(one.ageSeconds, other.ageSeconds),
    answer: {
      status: ips.length > 0 ? 'found' : 'empty',
      ips,
      unusable: [...a.unusable, ...b.unusable],
      origins: [...(a.origins ?? []), ...(b.origins ?? [])] satisfies SourceOrigin[],
      ...(Object.keys(evidence).length > 0 ? { evidence } : {}),
      ...(own.length > 0 ? { own } : {}),
      ...(a.incomplete || b.incomplete ? { incomplete: true } : {}),
    },
  };
}

function evidenceOf(
  one: Readonly<Record<string, IpEvidence>>,
  other: Readonly<Record<string, IpEvidence>>,
): Record<string, IpEvidence> {
  const all: Record<string, IpEvidence> = { ...one };
  for (const [address, said] of Object.entries(other)) all[address] = withEvidence(all[address] ?? {}, said);
  return all;
}

/** Roles of one address that are kept; Graph's enumeration has fewer. */
export const MOST_ROLES = 20;

/** What is said of one address twice: the worse verdict, all roles, and the country that was said first. */
export function withEvidence(one: IpEvidence, other: IpEvidence): IpEvidence {
  const verdict = VERDICTS.find((each) => each === one.verdict || each === other.verdict);
  const roles = [...new Set([...(one.roles ?? []), ...(other.roles ?? [])])].slice(0, MOST_ROLES);
  const country = one.country ?? other.country;
  return {
    ...(verdict ? { verdict } : {}),
    ...(roles.length > 0 ? { roles } : {}),
    ...(country ? { country } : {}),
  };
}

/**
 * No source knows it. Where one's "unknown" says less than that, it is said only if no other says it plainly.
 */
function unknownTo(answered: readonly Extract<Outcome, { ok: true }>[]): Aged<SourceAnswer> {
  const plain = answered.find(({ found }) => found.answer.reason === undefined);
  const [first] = answered;
  const { found } = (plain ?? first) as Extract<Outcome, { ok: true }>;
  return { answer: found.answer, ageSeconds: Math.max(...answered.map((each) => each.found.ageSeconds)) };
}

/** One error of all: that of a source that may answer later, if there is one, and what the others said. */
function failureOf(
  failed: readonly Extract<Outcome, { ok: false }>[],
  unknown: readonly Extract<Outcome, { ok: true }>[],
): EnrichmentError {
  const passing = failed.filter(({ error }) => error.retryAtMs !== undefined);
  const [main] = passing.length > 0 ? passing : failed;
  const { error } = main as Extract<Outcome, { ok: false }>;
  if (failed.length === 1 && unknown.length === 0) return error;
  const others = [
    ...failed.flatMap((each) => (each === main ? [] : [`${each.title}: ${each.error.message}`])),
    ...unknown.map(({ title }) => `${title} does not know this alert.`),
  ];
  const retryAtMs = Math.min(...passing.map((each) => each.error.retryAtMs as number));
  return new EnrichmentError(error.kind, [error.message, ...others].join(' '), {
    ...(Number.isFinite(retryAtMs) ? { retryAtMs } : {}),
    ...(error.upstream ? { upstream: error.upstream } : {}),
  });
}
