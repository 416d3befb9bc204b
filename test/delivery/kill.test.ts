import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Answer } from '../support/exchange.js';
import { type Fleet, freshAlertIds, type Instance, startFleet } from '../support/fleet.js';
import type { Stage } from '../support/storage-proxy.js';
import { type Receiver, startReceiver } from './receiver.js';

/** The host's lease on a message in work, and a bit; the claim on the delivery is over by then, too. */
const LEASE_OVER_MS = 605_000;

const SEND = /^POST .*\/alert-ip-deliveries-[^/]*\/messages$/;
const NOTE = /^PUT .*\/deliveries\/[^/]*\/states\//;
const ACKNOWLEDGE = /^DELETE .*\/alert-ip-deliveries-[^/]*\/messages\//;

let fleet: Fleet;
let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
  fleet = await startFleet({ settings: { FORWARD_DESTINATIONS: JSON.stringify(receiver.destination()) } });
});
afterEach(async () => {
  await fleet.close();
  await receiver.close();
});

const gone = (error: NodeJS.ErrnoException) => error.code;
const newAlert = () => ({ alertId: freshAlertIds(1)[0] });

/** Kills an instance as soon as an exchange with the storage is at a stage; what it was about never goes on. */
function killAt(victim: Instance, stage: Stage, request: RegExp, nth = 1): Promise<void> {
  let seen = 0;
  return new Promise((resolve) => {
    fleet.storage.onExchange = (at, name) => {
      if (at !== stage || !request.test(name) || ++seen < nth) return 'pass';
      fleet.storage.onExchange = () => 'pass';
      resolve(victim.kill());
      return 'hold';
    };
  });
}

async function untilDelivered(instance: Instance, id: string): Promise<Answer> {
  for (;;) {
    const answer = await instance.ask(`/api/deliveries/${id}`);
    if (answer.json?.delivery.status === 'delivered') return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Each arrival as its id and body: equal ones are the same message to a receiver. */
const messages = () => new Set(receiver.arrivals.map(({ id, body }) => `${id} ${body}`));

describe('kill -9', () => {
  test('row 34: kill -9 before a forward’s message is in the queue → the post fails, and repeated it is one delivery that arrives once', async () => {
    const [victim, other] = await fleet.launch({}, {});
    const alert = newAlert();
    const killed = killAt(victim, 'asked', SEND);
    const lost = victim.enrich(alert, '?forward=siem').catch(gone);
    await killed;
    expect(await lost).toBe('ECONNRESET');
    expect(receiver.arrivals).toEqual([]);
    const { id } = (await other.enrich(alert, '?forward=siem')).json.delivery;
    await untilDelivered(other, id);
    expect(receiver.arrivals.map((one) => one.id)).toEqual([id]);
  });

  test('row 34: kill -9 after a forward’s message is in the queue → others deliver it, and the repeated post finds that delivery', async () => {
    const [victim, other] = await fleet.launch({}, {});
    const alert = newAlert();
    const killed = killAt(victim, 'answered', SEND);
    const lost = victim.enrich(alert, '?forward=siem').catch(gone);
    await killed;
    expect(await lost).toBe('ECONNRESET');
    const { id } = (await other.enrich(alert, '?forward=siem')).json.delivery;
    await untilDelivered(other, id);
    expect(receiver.arrivals.map((one) => one.id)).toEqual([id]);
  });

  test('row 36: kill -9 of the worker between the send and its note of it → the resend carries the same webhook-id and body', async () => {
    const [victim] = await fleet.launch({});
    // The state is written when it is accepted, when it is claimed, and when it has been delivered.
    const killed = killAt(victim, 'asked', NOTE, 3);
    const { id } = (await victim.enrich(newAlert(), '?forward=siem')).json.delivery;
    await killed;
    expect(receiver.arrivals).toHaveLength(1);
    const [other] = await fleet.launch({});
    expect((await other.ask(`/api/deliveries/${id}`)).json.delivery.status).toBe('queued');
    await fleet.azurite.setAhead(LEASE_OVER_MS);
    const { delivery } = (await untilDelivered(other, id)).json;
    expect(delivery.attempts).toBe(1); // as far as anyone who lives knows
    expect(receiver.arrivals).toHaveLength(2);
    expect(messages().size).toBe(1);
    expect(receiver.arrivals[1]?.id).toBe(id);
  });

  test('row 36: kill -9 of the worker before it acknowledges the message → the message’s next delivery does nothing', async () => {
    const [victim] = await fleet.launch({});
    const killed = killAt(victim, 'asked', ACKNOWLEDGE);
    const { id } = (await victim.enrich(newAlert(), '?forward=siem')).json.delivery;
    await killed;
    const [other] = await fleet.launch({});
    await untilDelivered(other, id);
    const acknowledged = new Promise<void>((resolve) => {
      fleet.storage.onExchange = (at, name) => {
        if (at === 'answered' && ACKNOWLEDGE.test(name)) resolve();
        return 'pass';
      };
    });
    await fleet.azurite.setAhead(LEASE_OVER_MS);
    await acknowledged; // delivered again, and dropped
    expect(receiver.arrivals).toHaveLength(1);
  });

  test('row 36: kill -9 of a job’s worker between its delivery and its end → the job ends with the same delivery, which arrives once', async () => {
    const [victim] = await fleet.launch({});
    const killed = killAt(victim, 'answered', SEND);
    const alert = newAlert();
    await victim.enrich(alert, '?forward=siem&mode=async');
    await killed;
    const [other] = await fleet.launch({});
    await fleet.azurite.setAhead(LEASE_OVER_MS);
    await receiver.arrived(1);
    const [{ id = '' } = {}] = receiver.arrivals;
    await untilDelivered(other, id);
    for (;;) {
      // The same post joins the job while it runs; when it has ended, it is the same delivery.
      const again = await other.enrich(alert, '?forward=siem&mode=async');
      const { pathname, search } = new URL(String(again.headers.location));
      const { status, json } = await other.ask(`${pathname}${search}`);
      if (status !== 200) continue;
      expect(json.delivery).toMatchObject({ id, status: expect.stringMatching(/queued|delivered/) });
      break;
    }
    expect(messages().size).toBe(1);
    expect(receiver.arrivals).toHaveLength(1);
  });
});
