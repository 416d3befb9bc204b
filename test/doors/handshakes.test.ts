import { afterEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
afterEach(() => world.close());

describe('Microsoft Graph', () => {
  test('gets its validation token back, decoded, as plain text and nothing else', async () => {
    world = await startWorld();
    const token = 'Validation: <b>Testing</b> & client=1';
    const { status, headers, text } = await world.send(
      'POST',
      `/api/enrichAlert?validationToken=${encodeURIComponent(token)}`,
    );
    expect({ status, text }).toEqual({ status: 200, text: token });
    expect(headers['content-type']).toBe('text/plain');
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  test('a token that is longer than any of its own is refused, not reflected', async () => {
    world = await startWorld();
    const { status, text } = await world.send(
      'POST',
      `/api/enrichAlert?validationToken=${'x'.repeat(5_000)}`,
    );
    expect(status).toBe(400);
    expect(text).not.toContain('xxxx');
  });

  test.each([
    ['state-1', 200],
    ['state-2', 403],
    ['', 403],
    [undefined, 403],
  ])('with a configured clientState, a notification with %s is %d', async (clientState, expected) => {
    world = await startWorld({ settings: { GRAPH_CLIENT_STATE_SETTING: 'MY_STATE', MY_STATE: 'state-1' } });
    const notification = {
      subscriptionId: 's',
      changeType: 'updated',
      clientState,
      resourceData: { id: KNOWN_ALERT },
    };
    const { status, text } = await world.enrich({ value: [notification], alertId: KNOWN_ALERT });
    expect(status).toBe(expected);
    if (status === 403) expect(text).not.toContain('state-1');
    expect(world.asked()).toHaveLength(expected === 200 ? 1 : 0);
  });
});

describe("Microsoft Graph's clientState", () => {
  const notification = (clientState: string) => ({
    subscriptionId: 's',
    changeType: 'updated',
    clientState,
    resource: `security/alerts_v2/${KNOWN_ALERT}`,
    resourceData: { id: KNOWN_ALERT },
  });

  test.each<[string, (one: unknown) => unknown]>([
    ['one by itself', (one) => one],
    ['an array', (one) => [one]],
    ['a member', (one) => ({ body: { value: [one] } })],
    ['a string', (one) => JSON.stringify({ value: [one] })],
    ['an event', (one) => ({ specversion: '1.0', data: { value: [one] } })],
    ['beside an event', (one) => ({ specversion: '1.0', data: {}, value: [one] })],
  ])('is looked at in %s', async (_name, wrap) => {
    world = await startWorld({ settings: { GRAPH_CLIENT_STATE_SETTING: 'MY_STATE', MY_STATE: 'state-1' } });
    const post = (clientState: string) => world.enrich(JSON.stringify(wrap(notification(clientState))));
    const refused = await post('state-2');
    expect([refused.status, refused.json.type]).toEqual([403, expect.stringContaining('client-state-wrong')]);
    const { status, json } = await post('state-1');
    expect([status, json.enrichment.alerts[0].shape]).toEqual([200, 'graph-notification']);
  });

  test('is not wanted of what is no notification', async () => {
    world = await startWorld({ settings: { GRAPH_CLIENT_STATE_SETTING: 'MY_STATE', MY_STATE: 'state-1' } });
    const rows = { value: [{ subscriptionId: 's', alertId: KNOWN_ALERT }] };
    expect((await world.enrich(rows)).status).toBe(200);
  });
});

describe('Event Grid', () => {
  const headers = { 'aeg-event-type': 'SubscriptionValidation' };

  test('gets its validation code back', async () => {
    world = await startWorld();
    const event = {
      eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
      data: { validationCode: 'c-1' },
    };
    const { status, json } = await world.enrich([event], '', headers);
    expect({ status, json }).toEqual({ status: 200, json: { validationResponse: 'c-1' } });
  });

  test('a handshake without a code is a 400', async () => {
    world = await startWorld();
    expect((await world.enrich([{ data: {} }], '', headers)).status).toBe(400);
  });
});

describe('CloudEvents', () => {
  const ask = (origin: string) =>
    world.send('OPTIONS', '/api/enrichAlert', undefined, { 'webhook-request-origin': origin });

  test('a configured origin may send, at the rate of the quota', async () => {
    world = await startWorld({ settings: { EVENT_ORIGINS: 'eventgrid.azure.net, Events.Example.com' } });
    for (const origin of ['eventgrid.azure.net', 'EventS.example.com']) {
      const { status, headers } = await ask(origin);
      expect(status).toBe(200);
      expect(headers['webhook-allowed-origin']).toBe(origin.toLowerCase());
      expect(headers['webhook-allowed-rate']).toBe('100');
    }
  });

  test('another origin gets no yes', async () => {
    world = await startWorld();
    for (const origin of ['evil.example.com', 'eventgrid.azure.net.evil.example.com', '*', '']) {
      const { headers } = await ask(origin);
      expect(headers['webhook-allowed-origin']).toBeUndefined();
    }
  });
});
