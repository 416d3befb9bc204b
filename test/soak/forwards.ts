import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { accept, type Behaviour, FAILURES, type Failure } from '../../local/receiver/behaviour.js';
import { type Receiver, startReceiver } from '../../local/receiver/receiver.js';
import type { Answer } from '../support/exchange.js';
import type { Instance } from '../support/fleet.js';
import { insist } from '../support/polling.js';
import { type Findings, ipsOf } from './findings.js';
import { count, type Tally } from './mishaps.js';

/** Must stand in no log and no answer; the receiver's path has another one. */
export const SECRET = 'whsec_c29hay1zZWNyZXQtb2YtdGhlLXJlY2VpdmVy';

/** What the destinations of a soak are called. */
export const DESTINATION = 'siem';

/** Short, since a soak has minutes; and long enough that chance alone spends it of none. */
const SCHEDULE_SECONDS = [0, ...Array(19).fill(1)];
/** Shares of the failures of a receiver that fails: some cost it more time than others. */
const WEIGHTS: Partial<Record<Failure, number>> = { hang: 0.2, 'hang-after-headers': 0.2, huge: 0.1 };

/**
 * Of the answers of a healthy receiver so many are slow: over the two seconds from which an instance holds
 * back.
 */
const SLOW_SHARE = 0.01;

/** A healthy receiver on a bad day. */
const slowly: Behaviour = async (request, response) => {
  await sleep(2_500);
  await accept(request, response);
};

/**
 * A receiver that verifies what it gets, and fails `share` of the time in every way that it can. Some of what
 * it takes it takes slowly, also when it is well.
 */
export async function startFailingReceiver(
  random: () => number,
  share: () => number,
  tally: Tally,
): Promise<Receiver> {
  const receiver = await startReceiver({ secret: SECRET });
  const kinds = Object.keys(FAILURES) as Failure[];
  receiver.behave = () => {
    if (random() < SLOW_SHARE) {
      count(tally, 'receiver: slow');
      return slowly;
    }
    if (random() >= share()) return undefined;
    const kind = kinds[Math.floor(random() * kinds.length)] as Failure;
    if (random() >= (WEIGHTS[kind] ?? 1)) return undefined;
    count(tally, `receiver: ${kind}`);
    return kind;
  };
  return receiver;
}

/** What makes receivers destinations, each with a signature. */
export function destinationSettings(urls: Readonly<Record<string, string>>): Record<string, string> {
  const auth = { type: 'standard-webhooks', secretSettings: ['SOAK_SECRET'] };
  const shared = { format: 'ecs', auth, timeoutSeconds: 5, scheduleSeconds: SCHEDULE_SECONDS };
  const destinations = Object.entries(urls).map(([name, url]) => [name, { url, ...shared }]);
  return { FORWARD_DESTINATIONS: JSON.stringify(Object.fromEntries(destinations)), SOAK_SECRET: SECRET };
}

/** How many of the deliveries that were accepted are where. */
export interface Balance {
  accepted: number;
  delivered: number;
  queued: number;
  'dead-lettered': number;
}

type Status = Exclude<keyof Balance, 'accepted'>;

/** Deliveries that a soak may ask for at the same time. */
const AT_ONCE = 16;

/** The deliveries that were accepted, and what they are of. */
export class DeliveryBooks {
  readonly #accepted = new Map<string, readonly string[]>();
  readonly #findings: Findings;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  get accepted(): number {
    return this.#accepted.size;
  }

  /** Enters what a 200 has promised. */
  enter({ json }: Answer, alertIds: readonly string[]): void {
    const { delivery } = json;
    if (!/^[0-9a-f]{32}$/.test(delivery?.id)) this.#findings.add('a forward without a delivery');
    else this.#accepted.set(delivery.id, alertIds);
  }

  /** Asks for each delivery so far; what is in none of the three places is a finding. */
  async balance(anyone: () => Instance): Promise<Balance> {
    const balance = { accepted: 0, delivered: 0, queued: 0, 'dead-lettered': 0 };
    for (const status of (await this.#statuses(anyone)).values()) {
      balance.accepted++;
      if (status in balance) balance[status as Status]++;
      else this.#findings.add(`a delivery is nowhere: ${status}`);
    }
    return balance;
  }

  /** Sends every dead letter again. */
  async redeliver(anyone: () => Instance): Promise<number> {
    const dead = [...(await this.#statuses(anyone))].filter(([, status]) => status === 'dead-lettered');
    for (const [id] of dead) {
      const { status } = await insist(() => anyone().post(`/api/deliveries/${id}/redeliver`));
      if (status !== 202) this.#findings.add(`redeliver answered ${status}`);
    }
    return dead.length;
  }

  /** Whether each delivery arrived, signed, and with what its alerts' IPs are; the same body each time. */
  check({ received }: Receiver): void {
    const bodies = new Map<string, string>();
    for (const { headers, body, isVerified } of received) {
      const id = String(headers['webhook-id']);
      if (!isVerified) this.#findings.add('a signature that does not hold');
      if (!this.#accepted.has(id)) this.#findings.add('something arrived that nobody was promised');
      if ((bodies.get(id) ?? body) !== body) this.#findings.add('two bodies under one id');
      bodies.set(id, body);
    }
    for (const [id, alertIds] of this.#accepted) {
      const body = bodies.get(id);
      if (body === undefined) this.#findings.add('a delivery never arrived');
      else if (!isRight(body, alertIds)) this.#findings.add('a body that is wrong');
    }
  }

  async #statuses(anyone: () => Instance): Promise<Map<string, string>> {
    const ids = [...this.#accepted.keys()];
    const found = new Map<string, string>();
    const ask = async (): Promise<void> => {
      for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
        const { status, json, text } = await anyone().ask(`/api/deliveries/${id}`);
        if (status === 503)
          ids.push(id); // the storage took too long: to be asked again
        else found.set(id, status === 200 ? json.delivery.status : text);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, ask));
    return found;
  }
}

/** Each alert with its own IPs, in the form `ecs`; one that failed was allowed to. */
function isRight(body: string, alertIds: readonly string[]): boolean {
  const alerts: { id: string; status: string; ips: string[] }[] = JSON.parse(body).alert_ip_enrichment.alerts;
  return alertIds.every((alertId) => {
    const alert = alerts.find(({ id }) => id === alertId);
    return alert?.status === 'failed' || isDeepStrictEqual([...(alert?.ips ?? [])].sort(), ipsOf(alertId));
  });
}
