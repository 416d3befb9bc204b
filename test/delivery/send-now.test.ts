import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { withDeadline } from '../../shared/base/deadline.js';
import { SendNow } from '../../shared/delivery/send-now.js';
import { judgeError, REFUSED_ADDRESS } from '../../shared/delivery/verdict.js';
import { FakeTimers } from '../support/fake-timers.js';
import { startWorld, type World } from '../support/world.js';
import { destination, payload } from './deliveries-fixture.js';
import { type Receiver, startReceiver, URL_CANARY } from './receiver.js';

const HOUR = 3_600_000;

let time: FakeTimers;
let receiver: Receiver;
let world: World;
beforeEach(async () => {
  receiver = await startReceiver();
  time = new FakeTimers();
  const FORWARD_DESTINATIONS = JSON.stringify({
    ...receiver.destination(),
    closed: { url: 'http://127.0.0.1:9/', allowPrivateHost: true },
  });
  world = await startWorld({ settings: { FORWARD_DESTINATIONS }, secrets: [URL_CANARY] });
});
afterEach(async () => {
  await time.until(world.close());
  time.end();
  await receiver.close();
});

const alert = { alertId: KNOWN_ALERT };
const post = (query = '?forward=siem') => time.until(world.enrich(alert, query));

describe('without storage', () => {
  test('a forward is made while the caller waits, and is delivered when that is said', async () => {
    const answer = await post();
    expect(answer.status).toBe(200);
    expect(answer.json.delivery).toMatchObject({ destination: 'siem', status: 'delivered' });
    expect(receiver.arrivals).toHaveLength(1);
    expect(receiver.arrivals[0]?.id).toBe(answer.json.delivery.id);
    const unknown = await time.until(world.get(`/api/deliveries/${answer.json.delivery.id}`));
    expect(unknown.status).toBe(404);
    expect(unknown.json.detail).toContain('STATE_STORAGE');
    const again = await time.until(world.send('POST', `/api/deliveries/${'a'.repeat(32)}/redeliver`));
    expect(again.status).toBe(404);
    for (const [method, path] of [
      ['GET', '/api/deliveries'],
      ['POST', '/api/deliveries/redeliver?destination=siem'],
    ] as const) {
      const nothing = await time.until(world.send(method, path));
      expect(nothing.json).toMatchObject({ status: 404, detail: expect.stringContaining('STATE_STORAGE') });
    }
  });

  test('the dedupe of another alert is refused, and nothing is sent', async () => {
    const { id } = (await post('?forward=siem&dedupe=run-1')).json.delivery;
    expect((await post('?forward=siem&dedupe=run-1')).json.delivery.id).toBe(id);
    const other = await time.until(
      world.enrich({ ...alert, title: 'Another' }, '?forward=siem&dedupe=run-1'),
    );
    expect(other.json).toMatchObject({ status: 409, type: expect.stringMatching(/:dedupe-reused$/) });
    expect(receiver.arrivals).toHaveLength(1);
  });

  test('an equal post is not sent again within the hour; after it, it is another one', async () => {
    const first = await post();
    await time.pass(HOUR - 60_000);
    expect((await post()).json.delivery).toEqual(first.json.delivery);
    await time.pass(120_000);
    expect((await post()).json.delivery.id).not.toBe(first.json.delivery.id);
    expect(receiver.arrivals).toHaveLength(2);
  });

  test.each([
    [500, 502, '5'],
    [429, 502, '5'],
    [404, 502, undefined],
    [302, 502, undefined],
    [410, 502, undefined],
  ])(
    'a receiver that answers %d: %d, the enrichment having worked, Retry-After %s',
    async (status, problem, retryAfter) => {
      receiver.answer = () => status;
      const answer = await post();
      expect(answer.status).toBe(problem);
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(answer.headers['retry-after']).toBe(retryAfter);
      expect(answer.json.detail).toMatch(/^The enrichment worked, .*"siem".* nothing is queued\. .*[0-9]{3}/);
      expect(answer.text).not.toContain('"delivery"');
      receiver.answer = () => 200;
      const again = await post();
      expect(again.json.delivery.status).toBe('delivered');
      expect(new Set(receiver.arrivals.map(({ id }) => id))).toEqual(new Set([again.json.delivery.id]));
    },
  );

  test('a receiver that names its wait is quoted', async () => {
    receiver.answer = (_arrival, response) => {
      response.writeHead(503, { 'retry-after': '77' }).end();
      return undefined;
    };
    expect((await post()).headers['retry-after']).toBe('77');
  });

  test('a receiver that is not there: 502, and worth repeating', async () => {
    const answer = await post('?forward=closed');
    expect(answer.status).toBe(502);
    expect(answer.headers['retry-after']).toBe('5');
  });

  test('a receiver that hangs: 504 after its own time-out, or the caller’s', async () => {
    receiver.answer = () => undefined;
    const beganMs = world.clock.monotonicMs();
    const slow = await post();
    expect(slow.status).toBe(504);
    expect(slow.json.type).toMatch(/:destination-timeout$/);
    expect(slow.headers['retry-after']).toBe('5');
    expect(world.clock.monotonicMs() - beganMs).toBeLessThan(16_000);
    const againMs = world.clock.monotonicMs();
    const hasty = await post('?forward=siem&wait=3');
    expect(hasty.status).toBe(504);
    expect(hasty.json.detail).toContain('allow a longer wait');
    expect(hasty.headers['retry-after']).toBe('5');
    expect(world.clock.monotonicMs() - againMs).toBeLessThan(3_000);
  });

  test('a receiver that is called only after something is mended: 502 without Retry-After', async () => {
    const where = destination('siem');
    for (const sent of [judgeError(where, 'CERT_HAS_EXPIRED'), judgeError(where, REFUSED_ADDRESS)]) {
      const send = () => Promise.resolve(sent);
      const forwarding = new SendNow({ clock: world.clock, destinations: [where], send });
      const forwarded = withDeadline(
        world.clock,
        1_000,
        () => new Error('It took too long.'),
        (deadline) => forwarding.forward({ id: 'a', destination: 'siem' }, payload('{}'), deadline),
      );
      await expect(time.until(forwarded)).rejects.toMatchObject({
        kind: 'destination-failed',
        retryAtMs: undefined,
        message: expect.stringContaining('Fix the destination'),
      });
    }
  });

  test('a job cannot be: 400', async () => {
    expect((await post('?forward=siem&mode=async')).status).toBe(400);
    expect((await post('?forward=siem&mode=auto')).json.delivery.status).toBe('delivered');
  });
});
