import { describe, expect, test } from '@jest/globals';
import { corrected, fullLedger, NEW_LEDGER, readState, writeState } from '../../shared/quota/ledger-state.js';
import { priorityWindows } from '../../shared/quota/priorities.js';
import fc from '../support/properties.js';

const NOW = Date.UTC(2026, 10, 23, 18);
const windows = priorityWindows({ perMinute: 100, perHour: 1500 }, 20);

describe("a ledger's state", () => {
  test('comes back as it was written', () => {
    const log = fc
      .array(fc.integer({ min: NOW - 3_700_000, max: NOW }), { maxLength: 300 })
      .map((times) => times.sort((one, other) => one - other));
    fc.assert(
      fc.property(
        log,
        fc.integer({ min: 0, max: NOW + 3_600_000 }),
        fc.array(fc.stringMatching(/^[0-9a-f-]{1,12}$/), { maxLength: 32 }),
        (log, pausedUntilMs, swaps) => {
          const state = {
            log,
            underWay: log.slice(-5),
            pausedUntilMs,
            swaps,
            writtenMs: NOW,
            hasMarker: true,
            exchangeMs: 15.5,
          };
          expect(readState(writeState(state), NOW)).toEqual(state);
        },
      ),
    );
    expect(readState(writeState(NEW_LEDGER), NOW)).toEqual(NEW_LEDGER);
  });

  test('a state that version 0.1.0 has written is read', () => {
    const written =
      '{"version":1,"swap":"3f8f1e4a-0000-4000-8000-000000000000","pausedUntilMs":1795456800500,"calls":"mwtkl3t4*2 18r4"}';
    expect(readState(written, NOW)).toMatchObject({
      log: [NOW - 59_000, NOW - 59_000, NOW - 1_000],
      pausedUntilMs: NOW + 500,
    });
  });

  test('1,500 calls, each at a time of its own, are less than 8 kB; in batches much less', () => {
    const spread = Array.from({ length: 1500 }, (_, n) => NOW - 3_600_000 + Math.floor(n * 2_399.7));
    expect(writeState({ ...NEW_LEDGER, log: spread }).length).toBeLessThan(8_000);
    expect(writeState(fullLedger(windows.interactive, NOW)).length).toBeLessThan(160);
  });

  test.each([
    [''],
    ['{'],
    ['null'],
    ['[]'],
    ['"text"'],
    ['{}'],
    ['<?xml version="1.0"?>'],
    ['{"version":0,"swap":"","pausedUntilMs":0,"calls":""}'],
    ['{"version":"2","swap":"","pausedUntilMs":0,"calls":""}'],
    ['{"version":1,"swap":"","pausedUntilMs":0,"calls":"","underWay":"*"}'],
    ['{"version":1,"swap":"","pausedUntilMs":0,"calls":"","writtenMs":99999999999999}'],
    ['{"version":1,"swap":"","pausedUntilMs":0}'],
    ['{"version":1,"swap":"","pausedUntilMs":"0","calls":""}'],
    ['{"version":1,"swap":"","pausedUntilMs":0.5,"calls":""}'],
    ['{"version":1,"swap":"","pausedUntilMs":0,"calls":"1a  2b"}'],
    ['{"version":1,"swap":"","pausedUntilMs":0,"calls":"1a*0"}'],
    ['{"version":1,"swap":"","pausedUntilMs":0,"calls":"-1a"}'],
    ['{"version":1,"swap":"","pausedUntilMs":0,"calls":"1*999999"}'],
    ['{"version":1,"swap":"","pausedUntilMs":0,"calls":"zzzzzzzzz"}'],
    ['{"version":1,"swap":"","pausedUntilMs":99999999999999,"calls":""}'],
  ])('%s is none', (text) => {
    expect(readState(text, NOW)).toBeUndefined();
  });

  test('a cut or changed text is none, or one with fewer calls at no other time: never an exception', () => {
    const text = writeState({ ...NEW_LEDGER, log: [NOW - 5, NOW - 3, NOW - 3, NOW] });
    for (let end = 0; end < text.length; end++) expect(readState(text.slice(0, end), NOW)).toBeUndefined();
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
        expect(() => readState(text.slice(0, at) + character + text.slice(at + 1), NOW)).not.toThrow();
      }),
    );
  });

  test('one that version 0.1 of the app wrote is read, and one of a later version is told apart from a damaged one', () => {
    const first = '{"version":1,"swap":"5f0c","pausedUntilMs":0,"calls":"mi4x7a80*2"}';
    const at = Number.parseInt('mi4x7a80', 36);
    expect(readState(first, at)).toEqual({ ...NEW_LEDGER, log: [at, at], swaps: ['5f0c'] });
    expect(readState('{"version":2,"calls":["of another kind"]}', NOW)).toBe('later-version');
  });

  test('what version 0.1 reads of a state is where it looks for it', () => {
    const state = { ...NEW_LEDGER, log: [NOW, NOW], swaps: ['a', 'b'], pausedUntilMs: 7 };
    const expected = { version: 1, swap: 'b', pausedUntilMs: 7, calls: `${NOW.toString(36)}*2` };
    expect(JSON.parse(writeState(state))).toMatchObject(expected);
  });

  test('corrections are made, and what no window holds any more is left out', () => {
    const log = [NOW - 4_000_000, NOW - 100, NOW - 100, NOW + 7_000, NOW + 8_000];
    const state = {
      ...NEW_LEDGER,
      log,
      underWay: [NOW - 60_000, NOW - 1, NOW + 7_000, NOW + 8_000],
      pausedUntilMs: NOW,
    };
    const corrections = [
      { kind: 'moved', fromMs: NOW - 100, toMs: NOW + 5, count: 1 },
      { kind: 'moved', fromMs: NOW - 77, toMs: NOW + 6, count: 1 }, // not in it: counts all the same
      { kind: 'moved', fromMs: NOW + 7_000, toMs: NOW - 50, count: 1 },
      { kind: 'released', atMs: NOW + 8_000, count: 1 },
      { kind: 'paused', untilMs: NOW + 60 },
      { kind: 'paused', untilMs: NOW + 20 },
    ] as const;
    expect(corrected(state, corrections, windows, NOW)).toEqual({
      ...state,
      log: [NOW - 100, NOW - 50, NOW + 5, NOW + 6],
      underWay: [NOW - 1],
      pausedUntilMs: NOW + 60,
    });
  });
});
