import { describe, expect, test } from '@jest/globals';
import { EnrichmentError, type ErrorKind } from '../../shared/base/errors.js';
import { isSourceAnswer, type SourceAnswer } from '../../shared/lookup/source.js';
import { answerOf, isFinal, type Outcome, type SourcesOption } from '../../shared/lookup/source-choice.js';
import { OPENS_AFTER, SourceCircuit } from '../../shared/lookup/source-circuit.js';
import { VirtualClock } from '../support/virtual-clock.js';

const answer = (status: SourceAnswer['status'], ips: string[] = [], rest: Partial<SourceAnswer> = {}) => ({
  status,
  ips,
  unusable: [],
  ...rest,
});
const said = (source: string, given: SourceAnswer, ageSeconds = 0): Outcome => ({
  source,
  title: source.toUpperCase(),
  ok: true,
  found: { answer: given, ageSeconds },
});
const failed = (source: string, kind: ErrorKind, retryAtMs?: number): Outcome => ({
  source,
  title: source.toUpperCase(),
  ok: false,
  error: new EnrichmentError(kind, `${source} failed.`, retryAtMs === undefined ? {} : { retryAtMs }),
});
function errorOf(outcomes: readonly Outcome[], option: SourcesOption): EnrichmentError {
  try {
    throw new Error(`answered ${answerOf(outcomes, option).answer.status}`);
  } catch (error) {
    return error as EnrichmentError;
  }
}

const FOUND = said('a', answer('found', ['192.0.2.1']));
const EMPTY = said('a', answer('empty'));
const UNKNOWN = said('a', answer('not_found'));

describe('sources=first', () => {
  test.each([
    ['found', FOUND, true],
    ['empty', EMPTY, true],
    ['found in part', said('a', answer('found', ['192.0.2.1'], { incomplete: true })), true],
    ['empty as far as it could say', said('a', answer('empty', [], { incomplete: true })), false],
    ['not found', UNKNOWN, false],
    ['its permission missing', failed('a', 'permission-missing'), false],
    ['retired', failed('a', 'source-retired'), false],
    ['not available', failed('a', 'upstream-unavailable', 1), false],
    ['its quota used up', failed('a', 'quota-exhausted', 1), false],
    ['too late', failed('a', 'deadline-exceeded', 1), false],
    ['not to be asked by that id', failed('a', 'invalid-alert-id'), false],
    ['this app at its end', failed('a', 'app-stopping', 1), true],
    ['a fault of ours', failed('a', 'internal-error'), true],
  ] as const)('%s: is final %p', (_what, outcome, isIt) => {
    expect(isFinal(outcome)).toBe(isIt);
  });
});

describe('an answer of several sources', () => {
  const B = (status: SourceAnswer['status'], ips: string[] = []) => said('b', answer(status, ips));
  test.each([
    [[FOUND, B('found', ['192.0.2.2', '192.0.2.1'])], 'found', ['192.0.2.1', '192.0.2.2'], undefined],
    [[EMPTY, B('found', ['192.0.2.2'])], 'found', ['192.0.2.2'], undefined],
    [[EMPTY, B('empty')], 'empty', [], undefined],
    [[EMPTY, B('not_found')], 'empty', [], undefined],
    [[UNKNOWN, B('not_found')], 'not_found', [], undefined],
    [[UNKNOWN, B('found', ['192.0.2.2'])], 'found', ['192.0.2.2'], undefined],
    [[EMPTY, failed('b', 'upstream-unavailable', 1)], 'empty', [], true],
    [[FOUND, failed('b', 'source-refused')], 'found', ['192.0.2.1'], true],
    [[failed('a', 'invalid-alert-id'), B('found', ['192.0.2.2'])], 'found', ['192.0.2.2'], undefined],
    [[failed('a', 'invalid-alert-id'), B('not_found')], 'not_found', [], undefined],
  ] as const)('with sources=all: case %#', (outcomes, status, ips, incomplete) => {
    const { answer: all } = answerOf(outcomes, 'all');
    expect({ status: all.status, ips: all.ips, incomplete: all.incomplete }).toEqual({
      status,
      ips,
      incomplete,
    });
    expect(isSourceAnswer(JSON.parse(JSON.stringify(all)))).toBe(true);
  });

  test('is as old as its oldest part, and says who gave what', () => {
    const one = said('a', answer('found', ['192.0.2.1']), 7);
    const other = said(
      'b',
      answer('found', ['192.0.2.1'], { origins: [{ source: 'b', ips: ['192.0.2.1'] }] }),
      9,
    );
    expect(answerOf([one, other], 'all')).toMatchObject({
      ageSeconds: 9,
      answer: {
        origins: [
          { source: 'a', ips: ['192.0.2.1'] },
          { source: 'b', ips: ['192.0.2.1'] },
        ],
      },
    });
  });

  test("a device's own address is not own where another source ties it to the alert", () => {
    const graph = said('b', answer('found', ['192.0.2.2'], { own: ['192.0.2.1', '10.0.0.1'] }));
    expect(answerOf([FOUND, graph], 'all').answer).toMatchObject({
      ips: ['192.0.2.1', '192.0.2.2'],
      own: ['10.0.0.1'],
    });
  });

  test('that one source does not know it is no answer while another one failed', () => {
    const error = errorOf([failed('a', 'source-retired'), said('b', answer('not_found'))], 'first');
    expect(error).toMatchObject({ kind: 'source-retired', retryAtMs: undefined });
    expect(error.message).toBe('a failed. B does not know this alert.');
  });

  test('of several failures one that passes is told, with the soonest time, and the others behind it', () => {
    const outcomes = [
      failed('a', 'source-retired'),
      failed('b', 'quota-exhausted', 9),
      failed('c', 'upstream-unavailable', 7),
    ];
    const error = errorOf(outcomes, 'first');
    expect(error).toMatchObject({ kind: 'quota-exhausted', retryAtMs: 7 });
    expect(error.message).toBe('b failed. A: a failed. C: c failed.');
  });

  test('an id that no source can be asked about is told as such', () => {
    const outcomes = [failed('a', 'invalid-alert-id'), failed('b', 'invalid-alert-id')];
    expect(errorOf(outcomes, 'all').kind).toBe('invalid-alert-id');
  });

  test("a fault of ours is not hidden by another source's answer", () => {
    expect(errorOf([failed('a', 'internal-error'), said('b', answer('empty'))], 'all').kind).toBe(
      'internal-error',
    );
  });
});

test.each([
  ['of the version before', { status: 'found', ips: ['192.0.2.1'], unusable: [] }, true],
  [
    'evidence',
    answer('found', ['192.0.2.1'], {
      evidence: { '192.0.2.1': { verdict: 'malicious', roles: ['x'], country: 'NL' } },
    }),
    true,
  ],
  ['another verdict', { ...answer('found'), evidence: { '192.0.2.1': { verdict: 'bad' } } }, false],
  ['evidence that is none', { ...answer('found'), evidence: { '192.0.2.1': null } }, false],
  ['origins that are none', { ...answer('found'), origins: [{ source: 'x' }] }, false],
  ['origins that are null', { ...answer('found'), origins: [null] }, false],
  ['a list', [], false],
  ['null', null, false],
  ['a text for incomplete', { ...answer('found'), incomplete: 'yes' }, false],
] as const)('a stored answer: %s', (_what, value, isOne) => {
  expect(isSourceAnswer(value)).toBe(isOne);
});

describe('a source that does not answer', () => {
  const gone = new EnrichmentError('source-retired', 'gone');
  const away = new EnrichmentError('upstream-unavailable', 'away', { retryAtMs: 1 });
  const refused = new EnrichmentError('permission-missing', 'refused');
  let clock: VirtualClock;
  const opened = (error: EnrichmentError, times = OPENS_AFTER) => {
    clock = new VirtualClock();
    const circuit = new SourceCircuit(clock);
    for (let n = 0; n < times; n++) circuit.failed(error);
    return circuit;
  };

  test('is left alone after so many failures in a row, and asked once each time a while is over', async () => {
    expect(opened(away, OPENS_AFTER - 1).error).toBeUndefined();
    const circuit = opened(away);
    expect(circuit.error).toBe(away);
    await clock.until(clock.sleep(30_000, new AbortController().signal));
    expect(circuit.error).toBeUndefined();
    circuit.asking();
    expect(circuit.error).toBe(away); // for all but that one
    circuit.answered();
    expect(circuit.error).toBeUndefined();
    circuit.failed(away);
    expect(circuit.error).toBeUndefined();
  });

  test('is left alone for longer where somebody has to change something, and at once where it is gone for good', async () => {
    expect(opened(gone, 1).error).toBe(gone);
    const circuit = opened(refused);
    await clock.until(clock.sleep(299_000, new AbortController().signal));
    expect(circuit.error).toBe(refused);
    await clock.until(clock.sleep(1_000, new AbortController().signal));
    expect(circuit.error).toBeUndefined();
  });

  test.each([
    'quota-exhausted',
    'storage-unavailable',
    'app-stopping',
    'internal-error',
    'invalid-alert-id',
  ] as const)('%s says nothing of it', (kind) => {
    expect(opened(new EnrichmentError(kind, ''), 100).error).toBeUndefined();
  });

  test('an answer between failures counts', () => {
    const circuit = opened(away, OPENS_AFTER - 1);
    circuit.answered();
    circuit.failed(away);
    expect(circuit.error).toBeUndefined();
  });
});
