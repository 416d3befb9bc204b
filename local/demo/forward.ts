import { KNOWN_ALERT } from '../defender/alerts.js';
import { type Receiver, startReceiver } from '../receiver/receiver.js';
import { askUntil, type Demo, expectThat, post, type Step } from './asking.js';

/** Attempts that the receiver refuses. */
const REFUSED = 2;
/** A message comes to light up to a second after its time: queues know whole seconds. */
const QUEUE_MS = 1_000;

export const forward: Step = {
  title: 'An alert is forwarded, signed, to a receiver that refuses it twice: forward=siem',
  run: showForward,
};

async function showForward(demo: Demo): Promise<void> {
  const answer = await post(demo, JSON.stringify({ alertId: KNOWN_ALERT, forwarded: true }), '?forward=siem');
  const { id, status } = answer.body.delivery ?? {};
  expectThat(
    `answered 200 in ${answer.ms} ms, delivery ${status}`,
    answer.status === 200 && status === 'queued',
  );
  const { received } = demo.receiver;
  for (let n = 1; n <= REFUSED; n++) {
    const { nextAttempt } = await attempted(demo, id, n);
    expectThat(`attempt ${n} refused, the next one at ${nextAttempt}`, nextAttempt !== undefined);
    await demo.skip(Date.parse(nextAttempt) - Date.now() + QUEUE_MS);
  }
  const delivery = await attempted(demo, id, REFUSED + 1);
  expectThat(
    `delivered after ${delivery.attempts} attempts`,
    delivery.status === 'delivered' && delivery.attempts === REFUSED + 1,
  );
  expectThat(
    'each under the same webhook-id, with a signature that holds',
    received.length === REFUSED + 1 &&
      received.every(({ headers, isVerified }) => headers['webhook-id'] === id && isVerified),
  );
  const same = await post(demo, JSON.stringify({ alertId: KNOWN_ALERT, forwarded: true }), '?forward=siem');
  expectThat(
    'the same post again is the same delivery, and is not sent again',
    same.body.delivery?.id === id && received.length === REFUSED + 1,
  );
}

/** Asks for a delivery until it has been tried so often. */
async function attempted({ url }: Demo, id: string, times: number) {
  const { body } = await askUntil(
    `${url}/api/deliveries/${id}`,
    (answer) => answer.body.delivery?.attempts >= times,
  );
  return body.delivery;
}

/** As the receiver and the app are both given it. */
const SECRET = 'whsec_ZGVtby1zZWNyZXQtb2YtdGhlLXJlY2VpdmVy';

/** Starts a receiver that refuses what comes first. */
export async function startRefusingReceiver(): Promise<Receiver> {
  const receiver = await startReceiver({ secret: SECRET });
  receiver.behave = () => (receiver.received.length <= REFUSED ? 'unavailable' : undefined);
  return receiver;
}

/** What makes the receiver a destination. */
export function destinationSettings({ url }: Receiver): Readonly<Record<string, string>> {
  const auth = { type: 'standard-webhooks', secretSettings: ['SIEM_SECRET'] };
  return {
    FORWARD_DESTINATIONS: JSON.stringify({ siem: { url, format: 'ecs', auth } }),
    SIEM_SECRET: SECRET,
  };
}
