import { beforeEach, describe, expect, test } from '@jest/globals';
import { withDeadline } from '../../shared/base/deadline.js';
import { RequestError } from '../../shared/base/errors.js';
import { emitNothing } from '../../shared/base/telemetry-event.js';
import { createLookups } from '../../shared/lookup/create-lookups.js';
import type { SharedCache } from '../../shared/lookup/lookup.js';
import type { SourceAnswer } from '../../shared/lookup/source.js';
import { VirtualClock } from '../support/virtual-clock.js';

const FOUND: SourceAnswer = { status: 'found', ips: ['192.0.2.1'], unusable: [] };

let clock: VirtualClock;
let kept: string[];
let asked: string[];
beforeEach(() => {
  clock = new VirtualClock();
  kept = [];
  asked = [];
});

function setUp(shared: Partial<SharedCache<SourceAnswer>>, which: 'lookup' | 'backgroundLookup' = 'lookup') {
  const { [which]: lookup, settled } = createLookups({
    clock,
    emit: emitNothing,
    source: {
      find: async (id) => {
        asked.push(id);
        return FOUND;
      },
    },
    times: { ipsSeconds: 300, notFoundSeconds: 30 },
    shared: { find: async () => undefined, keep: async (id) => void kept.push(id), ...shared },
  });
  const find = (id: string) =>
    clock.until(
      withDeadline(
        clock,
        25_000,
        () => new Error('late'),
        (deadline) => lookup.find(id, deadline),
      ),
    );
  return { settled, find };
}

describe('a lookup with a cache that instances share', () => {
  test('keeps there what it had to ask for', async () => {
    const { find } = setUp({});
    expect(await find('da1_1')).toEqual({ answer: FOUND, ageSeconds: 0 });
    expect({ asked, kept }).toEqual({ asked: ['da1_1'], kept: ['da1_1'] });
  });

  test('does not write again what it found there, and goes on counting its age', async () => {
    let looked = 0;
    const { find } = setUp({ find: async () => ({ answer: FOUND, ageSeconds: ++looked * 100 }) });
    expect(await find('da1_1')).toEqual({ answer: FOUND, ageSeconds: 100 });
    await clock.pass(150_000);
    expect(await find('da1_1')).toEqual({ answer: FOUND, ageSeconds: 250 });
    await clock.pass(50_000); // as old as it may be: the process's own copy has expired with it
    expect(await find('da1_1')).toEqual({ answer: FOUND, ageSeconds: 200 });
    expect({ asked, kept, looked }).toEqual({ asked: [], kept: [], looked: 2 });
  });

  test.each(['lookup', 'backgroundLookup'] as const)(
    'no caller of %s waits for the keeping; a graceful stop does',
    async (which) => {
      const { find, settled } = setUp({ keep: () => clock.sleep(500) }, which);
      await find('da1_1');
      expect(clock.monotonicMs()).toBe(0);
      await clock.until(settled());
      expect(clock.monotonicMs()).toBe(500);
    },
  );

  test('an id that cannot be asked about is refused before anything is read for it', async () => {
    const levels: string[] = [];
    const refusal = new RequestError('invalid-alert-id', 'no id');
    const { lookup } = createLookups({
      clock,
      emit: (event) => void levels.push(event.kind),
      source: {
        check: (id) => {
          if (id === 'nonsense') throw refusal;
        },
        find: async () => FOUND,
      },
      times: { ipsSeconds: 300, notFoundSeconds: 30 },
      shared: {
        find: async (id) => {
          asked.push(id);
          return undefined;
        },
        keep: async () => {},
      },
    });
    const find = (id: string) =>
      withDeadline(
        clock,
        25_000,
        () => new Error('late'),
        (deadline) => lookup.find(id, deadline),
      );
    await expect(find('nonsense')).rejects.toBe(refusal);
    expect({ asked, levels }).toEqual({ asked: [], levels: [] });
    await clock.until(find('da1_1'));
    expect(asked).toEqual(['da1_1']);
  });

  test('what all callers have left while the shared cache was read is stopped before the source is asked', async () => {
    let aborted: boolean | undefined;
    const { lookup } = createLookups({
      clock,
      emit: emitNothing,
      source: {
        find: async (_id, { signal }) => {
          aborted = signal.aborted;
          return FOUND;
        },
      },
      times: { ipsSeconds: 300, notFoundSeconds: 30 },
      shared: { find: () => clock.sleep(500) as Promise<undefined>, keep: async () => {} },
    });
    const late = () => new Error('late');
    const left = withDeadline(clock, 100, late, (deadline) => lookup.find('da1_1', deadline));
    await expect(clock.until(left)).rejects.toMatchObject({ kind: 'deadline-exceeded' });
    await clock.pass(1_000);
    expect(aborted).toBe(true);
  });

  test('questions of one request take turns as one, those of another request apart from them', async () => {
    const requests: object[] = [];
    const { lookup } = createLookups({
      clock,
      emit: emitNothing,
      source: { find: async () => FOUND },
      times: { ipsSeconds: 300, notFoundSeconds: 30 },
      shared: {
        find: async (_id, request) => {
          requests.push(request);
          return undefined;
        },
        keep: async () => {},
      },
    });
    const late = () => new Error('late');
    for (const ids of [['da1_1', 'da1_2'], ['da1_3']]) {
      await withDeadline(clock, 25_000, late, (deadline) =>
        Promise.all(ids.map((id) => lookup.find(id, deadline))),
      );
    }
    const [first, second, third] = requests;
    expect(first).toBe(second);
    expect(third).not.toBe(first);
  });
});
