import { createHmac } from 'node:crypto';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { KNOWN_ALERT } from '../defender/alerts.js';
import { closeServer, listen } from '../loopback.js';
import { ask, type Demo, expectThat, post } from './asking.js';

/** Attempts that the receiver refuses. */
const REFUSED = 2;
/** The schedule's first waits with all that chance adds to them. */
const WAITS_MS = [6_000, 331_000];
const POLL_MS = 100;

/** An alert goes on to a receiver that refuses it twice, checks its signature, and takes it. */
export async function forward(demo: Demo): Promise<void> {
  console.log('\n6. An alert is forwarded, signed, to a receiver that refuses it twice: forward=siem\n');
  const answer = await post(demo, JSON.stringify({ alertId: KNOWN_ALERT, forwarded: true }), '?forward=siem');
  const { id, status } = answer.body.delivery ?? {};
  expectThat(
    `answered 200 in ${answer.ms} ms, delivery ${status}`,
    answer.status === 200 && status === 'queued',
  );
  const { arrivals } = demo.receiver;
  for (const [n, waitMs] of WAITS_MS.entries()) {
    const { nextAttempt } = await attempted(demo, id, n + 1);
    expectThat(`attempt ${n + 1} refused, the next one at ${nextAttempt}`, nextAttempt !== undefined);
    await demo.skip(waitMs);
  }
  const delivery = await attempted(demo, id, REFUSED + 1);
  expectThat(
    `delivered after ${delivery.attempts} attempts`,
    delivery.status === 'delivered' && delivery.attempts === REFUSED + 1,
  );
  expectThat(
    'each under the same webhook-id, with a signature that holds',
    arrivals.length === REFUSED + 1 && arrivals.every((one) => one.id === id && one.isSigned),
  );
  const same = await post(demo, JSON.stringify({ alertId: KNOWN_ALERT, forwarded: true }), '?forward=siem');
  expectThat(
    'the same post again is the same delivery, and is not sent again',
    same.body.delivery?.id === id && arrivals.length === REFUSED + 1,
  );
}

/** Asks for a delivery until it has been tried so often. */
async function attempted({ url }: Demo, id: string, times: number) {
  for (;;) {
    const { delivery } = (await ask(`${url}/api/deliveries/${id}`)).body;
    if (delivery.attempts >= times) return delivery;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The receiver of the demo, and the settings that make it a destination. */
export interface DemoReceiver {
  readonly arrivals: readonly { readonly id: string; readonly isSigned: boolean }[];
  readonly settings: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

// PROVISIONAL, to be replaced at the merge by local/receiver, which verifies with `standardwebhooks`.
export async function startDemoReceiver(): Promise<DemoReceiver> {
  const key = 'ZGVtby1zZWNyZXQtb2YtdGhlLXJlY2VpdmVy';
  const arrivals: { id: string; isSigned: boolean }[] = [];
  const server = http.createServer(async (request, response) => {
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request.headers;
    const signed = `${id}.${at}.${await text(request)}`;
    const wanted = createHmac('sha256', Buffer.from(key, 'base64')).update(signed).digest('base64');
    arrivals.push({ id: String(id), isSigned: signature === `v1,${wanted}` });
    response.writeHead(arrivals.length <= REFUSED ? 503 : 204).end();
  });
  const url = await listen(server, 0);
  const siem = {
    url: `${url}/alerts`,
    format: 'ecs',
    auth: { type: 'standard-webhooks', secretSettings: ['SIEM_SECRET'] },
    allowPrivateHost: true,
  };
  return {
    arrivals,
    settings: { FORWARD_DESTINATIONS: JSON.stringify({ siem }), SIEM_SECRET: `whsec_${key}` },
    close: () => closeServer(server),
  };
}
