import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { freshAlertIds } from '../support/alert-ids.js';
import { type Fleet, type Instance, lost, startFleet } from '../support/fleet.js';
import { answerOf, endOfDelivery, insist, pathOf } from '../support/polling.js';
import { type Receiver, startReceiver } from './receiver.js';

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

const newAlert = () => ({ alertId: freshAlertIds(1)[0] });

/** Posts an alert to be forwarded; the id of its delivery. */
async function forward(by: Instance, alert: unknown): Promise<string> {
  return (await insist(() => by.enrich(alert, '?forward=siem'))).json.delivery.id;
}

async function expectDelivered(instance: Instance, id: string) {
  const { delivery } = (await endOfDelivery(instance.ask, id)).json;
  expect(delivery.status).toBe('delivered');
  return delivery;
}

/** Each arrival as its id and body: equal ones are the same message to a receiver. */
const messages = () => new Set(receiver.arrivals.map(({ id, body }) => `${id} ${body}`));

describe('kill -9', () => {
  test('kill -9 before a forward’s message is in the queue → the post fails, and repeated it is one delivery that arrives once', async () => {
    const [victim, other] = await fleet.launch({}, {});
    const alert = newAlert();
    const killed = victim.killAt('asked', SEND);
    const post = lost(victim.enrich(alert, '?forward=siem'));
    await killed;
    expect(await post).toBe('ECONNRESET');
    expect(receiver.arrivals).toEqual([]);
    const id = await forward(other, alert);
    await expectDelivered(other, id);
    expect(receiver.arrivals.map((one) => one.id)).toEqual([id]);
  });

  test('kill -9 after a forward’s message is in the queue → others deliver it, and the repeated post finds that delivery', async () => {
    const [victim, other] = await fleet.launch({}, {});
    const alert = newAlert();
    victim.stopReceiving();
    const killed = victim.killAt('written', SEND);
    const post = lost(victim.enrich(alert, '?forward=siem'));
    await killed;
    expect(await post).toBe('ECONNRESET');
    await receiver.arrived(1); // without anybody's post
    const id = await forward(other, alert);
    await expectDelivered(other, id);
    expect(receiver.arrivals.map((one) => one.id)).toEqual([id]);
  });

  test('kill -9 of the worker between the send and its note of it → the resend carries the same webhook-id and body', async () => {
    const [victim] = await fleet.launch({});
    // The state is written when it is accepted, when it is claimed, and when it has been delivered.
    const killed = victim.killAt('asked', NOTE, 3);
    const id = await forward(victim, newAlert());
    await killed;
    expect(receiver.arrivals).toHaveLength(1);
    const [other] = await fleet.launch({});
    const { json } = await insist(() => other.ask(`/api/deliveries/${id}`));
    expect(json.delivery.status).toBe('queued');
    await fleet.passLease();
    const { attempts } = await expectDelivered(other, id);
    expect(attempts).toBe(1); // as far as anyone who lives knows
    expect(receiver.arrivals).toHaveLength(2);
    expect(messages().size).toBe(1);
    expect(receiver.arrivals[1]?.id).toBe(id);
  });

  test('kill -9 of the worker before it acknowledges the message → the message’s next delivery does nothing', async () => {
    const [victim] = await fleet.launch({});
    const killed = victim.killAt('asked', ACKNOWLEDGE);
    const id = await forward(victim, newAlert());
    await killed;
    const [other] = await fleet.launch({});
    await expectDelivered(other, id);
    const dropped = other.storage.passed('answered', ACKNOWLEDGE);
    await fleet.passLease();
    await dropped;
    expect(receiver.arrivals).toHaveLength(1);
  });

  test('kill -9 of a job’s worker between its delivery and its end → the job ends with the same delivery, which arrives once', async () => {
    const [victim] = await fleet.launch({});
    const killed = victim.killAt('written', SEND);
    const alert = newAlert();
    const path = pathOf(await insist(() => victim.enrich(alert, '?forward=siem&mode=async')));
    await killed;
    const [other] = await fleet.launch({});
    await fleet.passLease();
    await receiver.arrived(1);
    const [{ id = '' } = {}] = receiver.arrivals;
    await expectDelivered(other, id);
    const { status, json } = await answerOf(other.ask, path);
    expect(status).toBe(200);
    expect(json.delivery).toMatchObject({ id, status: expect.stringMatching(/queued|delivered/) });
    expect(messages().size).toBe(1);
    expect(receiver.arrivals).toHaveLength(1);
  });
});
