import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { startReceiver as start } from '../../local/receiver/receiver.js';

/** One request of ours to a receiver. */
export interface Arrival {
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What a receiver answers: a status, or whatever the test does with the response; it may never end it. */
export type Answering = (arrival: Arrival, response: ServerResponse) => number | undefined;

/** Stands in the destinations' URLs, which can hold a secret: in no log line and no answer. */
export const URL_CANARY = 'canary-url-5e0b';

/** A receiver that notes what arrives, and answers 204 unless told otherwise. */
export async function startReceiver() {
  const local = await start();
  const url = new URL(local.url).origin;
  const arrivals: Arrival[] = [];
  const waiting: (() => void)[] = [];
  local.behave = ({ headers, body }) => {
    const arrival = { id: String(headers['webhook-id']), headers, body };
    arrivals.push(arrival);
    for (const look of [...waiting]) look();
    return (_request, response) => {
      const status = receiver.answer(arrival, response);
      if (status !== undefined) response.writeHead(status).end();
    };
  };
  const receiver = {
    url,
    arrivals,
    answer: (() => 204) as Answering,
    /** The setting with this receiver as the destination of this name. */
    destination: (name = 'siem', more: Record<string, unknown> = {}) => ({
      [name]: {
        url: `${url}/${name}?sig=${URL_CANARY}`,
        format: 'enriched',
        auth: { type: 'none' },
        allowPrivateHost: true,
        ...more,
      },
    }),
    /** Resolves when so many requests have arrived. */
    arrived: (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (arrivals.length < count) return;
          waiting.splice(waiting.indexOf(look), 1);
          resolve();
        };
        waiting.push(look);
        look();
      }),
    close: local.close,
  };
  return receiver;
}

export type Receiver = Awaited<ReturnType<typeof startReceiver>>;
