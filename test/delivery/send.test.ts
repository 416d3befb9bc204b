import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { startReceiver } from '../../local/receiver/receiver.js';
import { VERSION } from '../../shared/base/version.js';
import { faultHarness } from '../support/fault-harness.js';
import { HEADER_VALUE, NEXT_SECRET, OUTGOING, SECRET, startSender } from './sender.js';

const fire = faultHarness();

const SIGNED = { type: 'standard-webhooks', secretSettings: ['SECRET'] };

/** A receiver, and an app that knows it as `siem`. */
async function between(destination: Readonly<Record<string, unknown>> = {}, secret?: string) {
  const receiver = await fire.keep(startReceiver(secret === undefined ? {} : { secret }));
  const sender = await fire.keep(startSender({ siem: { url: receiver.url, ...destination } }));
  return {
    receiver,
    sender,
    send: (...args: Parameters<typeof sender.send>) => fire.time.until(sender.send(...args)),
  };
}

describe('a destination gets', () => {
  test('the body to the byte, what it is, an id, the time, the trace, and who sends', async () => {
    const { receiver, send } = await between();
    expect(await send()).toEqual({ kind: 'delivered', status: 202 });
    expect(receiver.received).toHaveLength(1);
    const [{ method, path, headers, body } = {} as never] = receiver.received;
    expect({ method, path, body }).toEqual({
      method: 'POST',
      path: '/hook/canary-path?sig=canary-sig',
      body: OUTGOING.body,
    });
    expect(headers).toMatchObject({
      'content-type': OUTGOING.contentType,
      'content-length': String(Buffer.byteLength(OUTGOING.body)),
      'user-agent': `defender-alert-ip-enrichment/${VERSION}`,
      'webhook-id': 'dl_1',
      'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
      traceparent: expect.stringMatching(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/),
    });
    expect(headers.traceparent).not.toBe(OUTGOING.traceparent);
    expect(headers).not.toHaveProperty('webhook-signature');
    expect(headers).not.toHaveProperty('authorization');
  });

  test('no trace where there is none', async () => {
    const { receiver, send } = await between();
    await send('siem', { traceparent: undefined });
    expect(receiver.received[0]?.headers).not.toHaveProperty('traceparent');
  });

  test('a signature that the library for receivers accepts, and that is the one of the specification', async () => {
    const { receiver, send } = await between({ auth: SIGNED }, SECRET);
    expect(await send()).toEqual({ kind: 'delivered', status: 202 });
    const [{ headers, isVerified, body } = {} as never] = receiver.received;
    expect(isVerified).toBe(true);
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
    expect(headers['webhook-signature']).toBe(
      `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
    );
  });

  test.each([0, 1, 499, 500, 999])(
    'a signature over the time in its header, %d ms after the full second',
    async (ms) => {
      const { receiver, send } = await between({ auth: SIGNED }, SECRET);
      await fire.time.pass(1_000 - (Date.now() % 1_000) + ms);
      expect((await send()).kind).toBe('delivered');
      expect(receiver.received[0]?.isVerified).toBe(true);
      expect(Number(receiver.received[0]?.headers['webhook-timestamp'])).toBeLessThanOrEqual(
        Date.now() / 1_000,
      );
    },
  );

  test.each([SECRET, NEXT_SECRET])(
    'a signature with each secret, so that receivers may know either (%#)',
    async (known) => {
      const auth = { ...SIGNED, secretSettings: ['SECRET', 'NEXT_SECRET'] };
      const { receiver, send } = await between({ auth }, known);
      expect((await send()).kind).toBe('delivered');
      expect(receiver.received[0]?.headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
    },
  );

  test('the same id and a new time at the next attempt', async () => {
    const { receiver, send } = await between({ auth: SIGNED }, SECRET);
    receiver.behave = () => 'error';
    await send();
    await fire.time.pass(3_600_000);
    receiver.behave = undefined;
    expect((await send()).kind).toBe('delivered');
    const [one, two] = receiver.received.map(({ headers }) => headers);
    expect(two?.['webhook-id']).toBe(one?.['webhook-id']);
    expect(Number(two?.['webhook-timestamp']) - Number(one?.['webhook-timestamp'])).toBe(3_600);
    expect(receiver.received.every(({ isVerified }) => isVerified)).toBe(true);
  });

  test("the managed identity's token for the scope, one for many", async () => {
    const scope = 'api://11111111-1111-4111-8111-111111111111/.default';
    const { receiver, sender, send } = await between({ auth: { type: 'managed-identity', scope } });
    for (let times = 0; times < 3; times++) expect((await send()).kind).toBe('delivered');
    expect(sender.identity.requests.map(({ resource }) => resource)).toEqual([
      scope.replace('/.default', ''),
    ]);
    const tokens = new Set(receiver.received.map(({ headers }) => headers.authorization));
    expect([...tokens]).toEqual([expect.stringMatching(/^Bearer eyJ/)]);
    expect(receiver.received[0]?.headers).toMatchObject({ 'webhook-id': 'dl_1' });
  });

  test('the secret in the header that it wants', async () => {
    const auth = { type: 'header', header: 'X-Api-Key', secretSettings: ['HEADER_VALUE'] };
    const { receiver, send } = await between({ auth });
    expect((await send()).kind).toBe('delivered');
    expect(receiver.received[0]?.headers['x-api-key']).toBe(HEADER_VALUE);
  });

  test('many bodies over one connection', async () => {
    const { receiver, send } = await between();
    for (let times = 0; times < 10; times++) {
      expect((await send('siem', { id: `dl_${times}` })).kind).toBe('delivered');
      await fire.time.settle();
    }
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toHaveLength(10);
    // A free socket goes back to the agent behind the answer: on a busy machine now and then behind the next request.
    expect(receiver.connections).toBeLessThan(5);
  });

  test('a body of 50 MB, signed', async () => {
    const { receiver, sender } = await between({ auth: SIGNED }, SECRET);
    const body = JSON.stringify({ blob: 'ä'.repeat(25_000_000) });
    // Time stands still while so many real bytes move.
    expect(await sender.send('siem', { body })).toEqual({ kind: 'delivered', status: 202 });
    expect(receiver.received[0]?.isVerified).toBe(true);
    expect(receiver.received[0]?.body === body).toBe(true);
  });
});

test('without a token nothing is sent, and the reason says why', async () => {
  const auth = { type: 'managed-identity', scope: 'api://no-token/.default' };
  const { receiver, sender, send } = await between({ auth });
  sender.identity.intercept = (_request, response) => {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end('{"statusCode":400,"message":"no identity, canary-answer"}');
    return true;
  };
  expect(await send()).toEqual({
    kind: 'failed',
    lasts: true,
    reason: expect.stringMatching(/^There is no token for api:\/\/no-token\/\.default\. ./),
  });
  expect(receiver.received).toEqual([]);
});

test('what is not wanted any more ends at once, sent or not', async () => {
  const { receiver, sender } = await between();
  receiver.behave = () => 'hang';
  const stop = new AbortController();
  const sending = sender.send('siem', {}, stop.signal);
  await fire.time.settle();
  expect(receiver.received).toHaveLength(1);
  stop.abort(new Error('the deadline'));
  const short = { kind: 'failed', reason: expect.stringContaining('cut short') };
  expect(await sending).toEqual(short);
  expect(await sender.send('siem', {}, stop.signal)).toEqual(short);
  await fire.time.settle();
  expect(receiver.open).toBe(0);
  expect(receiver.received).toHaveLength(1);
});
