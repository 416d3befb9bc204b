import { describe, expect, test } from '@jest/globals';
import { startReceiver } from '../../local/receiver/receiver.js';
import { underFire } from '../support/under-fire.js';
import { startSender } from './sender.js';

const fire = underFire();

async function between() {
  const receiver = await fire.keep(startReceiver());
  const other = await fire.keep(startReceiver());
  const scope = 'api://circuit/.default';
  const sender = await fire.keep(
    startSender({
      siem: { url: receiver.url },
      other: { url: other.url },
      identity: { url: other.url, auth: { type: 'managed-identity', scope } },
    }),
  );
  const send = (name?: string) => fire.time.until(sender.send(name));
  /** Fails `count` times, as the receiver is told to. */
  async function fail(count: number) {
    for (let times = 0; times < count; times++) expect(await send()).toMatchObject({ kind: 'failed' });
  }
  return { receiver, other, sender, send, fail };
}

describe('a destination that fails', () => {
  test('five times in a row is spared for 30 s, and no other one is', async () => {
    const { receiver, other, send, fail } = await between();
    receiver.behave = () => 'error';
    await fail(5);
    expect(await send()).toEqual({ kind: 'spared', retryAfterMs: 30_000 });
    await fire.time.pass(29_000);
    expect(await send()).toEqual({ kind: 'spared', retryAfterMs: 1_000 });
    expect(receiver.received).toHaveLength(5);
    expect(await send('other')).toMatchObject({ kind: 'delivered' });
    expect(other.received).toHaveLength(1);
  });

  test('is tried by one attempt after its rest, and is sent to again when that succeeds', async () => {
    const { receiver, sender, send, fail } = await between();
    receiver.behave = () => 'error';
    await fail(5);
    await fire.time.pass(30_000);
    receiver.behave = () => 'hang';
    const trial = sender.send();
    await fire.time.settle();
    // While one is on its way the others wait, as long as that can take.
    expect(await sender.send()).toEqual({ kind: 'spared', retryAfterMs: 15_000 });
    expect(receiver.received).toHaveLength(6);
    expect(await fire.time.until(trial)).toMatchObject({ kind: 'failed' });
    expect(await send()).toEqual({ kind: 'spared', retryAfterMs: 60_000 });
    await fire.time.pass(60_000);
    receiver.behave = undefined;
    for (let times = 0; times < 3; times++) expect(await send()).toMatchObject({ kind: 'delivered' });
    receiver.behave = () => 'error';
    await fail(5);
    expect(await send()).toEqual({ kind: 'spared', retryAfterMs: 30_000 });
  });

  test('again and again rests twice as long each time, five minutes at most', async () => {
    const { receiver, send, fail } = await between();
    receiver.behave = () => 'reset';
    await fail(5);
    for (const restMs of [30_000, 60_000, 120_000, 240_000, 300_000, 300_000]) {
      expect(await send()).toEqual({ kind: 'spared', retryAfterMs: restMs });
      await fire.time.pass(restMs);
      await fail(1);
    }
  });

  test('now and then is never spared', async () => {
    const { receiver, send, fail } = await between();
    for (let times = 0; times < 3; times++) {
      receiver.behave = () => 'error';
      await fail(4);
      receiver.behave = undefined;
      expect(await send()).toMatchObject({ kind: 'delivered' });
    }
  });

  test.each([400, 410, 413, 422])('with %d only refuses that body, and is not spared', async (status) => {
    const { receiver, send } = await between();
    receiver.behave = () => (_request, response) => void response.writeHead(status).end();
    for (let times = 0; times < 8; times++) expect(await send()).toMatchObject({ status });
    expect(receiver.received).toHaveLength(8);
  });

  test.each([401, 404, 429, 302])('with %d fails whatever it is sent', async (status) => {
    const { receiver, send, fail } = await between();
    receiver.behave = () => (_request, response) => void response.writeHead(status).end();
    await fail(5);
    expect(await send()).toMatchObject({ kind: 'spared' });
  });

  test('rests as long as said, however the calendar is set meanwhile', async () => {
    for (const jumpMs of [-3_600_000, 3_600_000]) {
      const { receiver, send, fail } = await between();
      receiver.behave = () => 'error';
      await fail(5);
      fire.time.jumpCalendar(jumpMs);
      expect(await send()).toEqual({ kind: 'spared', retryAfterMs: 30_000 });
      await fire.time.pass(30_000);
      receiver.behave = undefined;
      expect(await send()).toMatchObject({ kind: 'delivered' });
    }
  });
});

describe('what is not its fault does not count against a destination', () => {
  test('attempts that nobody waited for', async () => {
    const { receiver, sender, send } = await between();
    receiver.behave = () => 'hang';
    for (let times = 0; times < 8; times++) {
      const stop = new AbortController();
      const sending = sender.send('siem', {}, stop.signal);
      await fire.time.settle();
      stop.abort(new Error('the deadline'));
      expect(await sending).toMatchObject({ kind: 'failed' });
    }
    receiver.behave = undefined;
    expect(await send()).toMatchObject({ kind: 'delivered' });
  });

  test('an identity endpoint that gives no token', async () => {
    const { sender, send } = await between();
    sender.identity.intercept = (_request, response) => {
      response.writeHead(500).end();
      return true;
    };
    for (let times = 0; times < 8; times++) expect(await send('identity')).toMatchObject({ kind: 'failed' });
    sender.identity.intercept = undefined;
    await fire.time.pass(5_000);
    expect(await send('identity')).toMatchObject({ kind: 'delivered' });
  });

  test('a trial that nobody waited for: the next failure is enough', async () => {
    const { receiver, sender, send, fail } = await between();
    receiver.behave = () => 'error';
    await fail(5);
    await fire.time.pass(30_000);
    receiver.behave = () => 'hang';
    const stop = new AbortController();
    const trial = sender.send('siem', {}, stop.signal);
    await fire.time.settle();
    stop.abort(new Error('the deadline'));
    await trial;
    receiver.behave = () => 'error';
    await fail(1);
    expect(await send()).toEqual({ kind: 'spared', retryAfterMs: 30_000 });
  });
});
