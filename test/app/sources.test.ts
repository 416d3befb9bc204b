import { expect, test } from '@jest/globals';
import { openQuota, openSource, sharedAnswersOf } from '../../shared/app/sources.js';
import type { State } from '../../shared/app/state.js';
import { withDeadline } from '../../shared/base/deadline.js';
import { RequestError } from '../../shared/base/errors.js';
import type { TelemetryEvent } from '../../shared/base/telemetry-event.js';
import { principalOf } from '../../shared/identity/principal.js';
import { TokenCache } from '../../shared/identity/token-cache.js';
import type { IpSource, SourceProvider } from '../../shared/lookup/source.js';

import { MemoryLedger } from '../../shared/quota/memory-ledger.js';
import { priorityWindows } from '../../shared/quota/priorities.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A source that takes any id but one, and has limits of its own. */
function provider(name: string): SourceProvider {
  const open = (): IpSource => ({
    check: (id) => {
      if (id === 'not mine') throw new RequestError('invalid-alert-id', 'not mine');
    },
    find: async () => ({ status: 'found', ips: ['192.0.2.1'], unusable: [] }),
    warnings: () => [],
  });
  return { name, title: name, audience: `https://${name}.test`, limits: { perMinute: 7, perHour: 70 }, open };
}

test('what belongs to a source is kept and reported apart from that of another one, for the same application', async () => {
  const clock = new VirtualClock();
  const ledgers: string[] = [];
  const answers: string[] = [];
  const state = {
    openLedger: (key, limits) => {
      ledgers.push(key);
      return new MemoryLedger(clock, priorityWindows(limits, 0));
    },
    openSharedAnswers: (key) => {
      answers.push(key);
      return { find: async () => undefined, keep: async () => {} } as never;
    },
    shared: undefined,
  } satisfies State;
  const principal = principalOf('client', 'tenant');
  const events: TelemetryEvent[] = [];
  const emit = (event: TelemetryEvent) => void events.push(event);
  for (const each of ['defender', 'another'].map(provider)) {
    const quota = openQuota(each, principal, state, { clock, emit });
    expect(quota.view().minute.limit).toBe(7);
    const credential = { key: 'k', getToken: () => Promise.reject(new Error('not asked for here')) };
    const { lookup } = openSource(
      each,
      { credential, tokens: new TokenCache(clock), quota, report: () => {} },
      {
        clock,
        emit,
        times: { ipsSeconds: 300, notFoundSeconds: 30 },
        shared: sharedAnswersOf(each, principal, state),
      },
    );
    const find = (id: string) =>
      withDeadline(
        clock,
        25_000,
        () => new Error('late'),
        (deadline) => lookup.find(id, deadline),
      );
    await expect(find('not mine')).rejects.toMatchObject({ kind: 'invalid-alert-id' });
    expect((await find('fa1_1')).answer.ips).toEqual(['192.0.2.1']);
    await quota.acquire({ untilMs: () => 1e9, signal: new AbortController().signal }, 'interactive');
  }
  // Defender's names are those of version 0.1.0, which knew no other source.
  expect(ledgers).toEqual(['tenant client', 'tenant client another']);
  expect(answers).toEqual(ledgers);
  expect(events).toMatchObject([
    { kind: 'lookup', source: 'defender' },
    { kind: 'permit', source: 'defender' },
    { kind: 'lookup', source: 'another' },
    { kind: 'permit', source: 'another' },
  ]);
});
