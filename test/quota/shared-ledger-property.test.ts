import { expect, test } from '@jest/globals';
import { mostInAnyWindow } from '../../local/defender/windows.js';
import type { Fault } from '../support/memory-blob-store.js';
import fc from '../support/properties.js';
import { setUpLedgers, wanting } from './ledgers.js';

/** What an instance does next, and what the store does to it meanwhile. */
const step = fc.record({
  waitMs: fc.oneof(fc.nat(200), fc.nat(20_000), fc.nat(70_000)),
  instance: fc.nat(3),
  count: fc.integer({ min: 1, max: 6 }),
  /** From the grant to the arrival, and whether the call is corrected for having been that slow. */
  underWayMs: fc.oneof(fc.nat(900), fc.nat(9_000)),
  /** The instance is killed and another one started: what it knew is lost, and its calls go on. */
  isRestarted: fc.boolean(),
  latencyMs: fc.oneof(fc.nat(60), fc.nat(1_500)),
  fault: fc.constantFrom<Fault>(undefined, undefined, undefined, 'before', 'after'),
});

test('instances that come and go, a store that is slow, fails and loses answers: no window is ever broken at the receiver', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const { time, store, latency, machine } = setUpLedgers({ perMinute: 5, perHour: 20 });
      const machines = Array.from({ length: 4 }, () => machine());
      const arrivals: number[] = [];
      const work: Promise<void>[] = [];
      for (const { waitMs, instance, count, underWayMs, isRestarted, latencyMs, fault } of steps) {
        await time.pass(waitMs);
        latency.ms = latencyMs;
        let faults = fault ? 1 : 0;
        store.fault = () => (faults-- > 0 ? fault : undefined);
        if (isRestarted) machines[instance] = machine();
        const { ledger, clock } = machines[instance] as ReturnType<typeof machine>;
        const use = async () => {
          const charge = await ledger.take(wanting(count));
          const { granted } = charge;
          for (let call = 0; call < granted; call++) arrivals.push(time.monotonicMs() + underWayMs);
          await time.sleep(underWayMs);
          if (machines[instance]?.ledger !== ledger) return; // killed meanwhile: nobody says how its calls ended
          const endedMs = clock.monotonicMs();
          await Promise.all(Array.from({ length: granted }, () => ledger.settle(charge, endedMs)));
        };
        work.push(use().catch((error) => expect(error).toMatchObject({ kind: 'storage-unavailable' })));
      }
      await time.until(Promise.all(work));
      expect(mostInAnyWindow(arrivals, 60_000)).toBeLessThanOrEqual(5);
      expect(mostInAnyWindow(arrivals, 3_600_000)).toBeLessThanOrEqual(20);
    }),
    { numRuns: 400 },
  );
});
