import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EMPTY_ALERT, KNOWN_ALERT, KNOWN_IPS, UNKNOWN_ALERT } from '../../local/defender/alerts.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

describe('GET /api/alerts/{id}/ips answers as Defender does', () => {
  test('200 with the IPs, the second time from the cache', async () => {
    for (let time = 0; time < 2; time++) {
      const { status, headers, json } = await world.get(`/api/alerts/${KNOWN_ALERT}/ips`);
      expect(status).toBe(200);
      expect(headers['content-type']).toBe('application/json');
      expect(json).toEqual({
        '@odata.context': `${world.defender.url}/$metadata#Ips`,
        value: KNOWN_IPS.map((id) => ({ id })),
      });
    }
    expect(world.asked()).toHaveLength(1);
  });

  test('200 with an empty list', async () => {
    expect((await world.get(`/api/alerts/${EMPTY_ALERT}/ips`)).json.value).toEqual([]);
  });

  test('404 for an unknown alert, in its form', async () => {
    const { status, json } = await world.get(`/api/alerts/${UNKNOWN_ALERT}/ips`);
    expect(status).toBe(404);
    expect(json.error).toMatchObject({ code: 'ResourceNotFound', target: expect.any(String) });
  });

  test('400 for an id that is none, and Defender is not asked', async () => {
    for (const id of ['..%2Fmachines', 'abc', 'da637472900382838869_1%0d%0aHost:x', '1'.repeat(5_000)]) {
      const { status, json } = await world.get(`/api/alerts/${id}/ips`);
      expect(status).toBe(400);
      expect(json.error.code).toBe('BadRequest');
    }
    expect(world.asked()).toEqual([]);
  });

  test("Defender's own error code and correlation id stay", async () => {
    world.defender.intercept = (_request, response) => {
      response
        .writeHead(429, { 'retry-after': '3600' })
        .end('{"error":{"code":"TooManyRequests","message":"m","target":"c-1"}}');
      return true;
    };
    const { status, headers, json } = await world.get(`/api/alerts/${KNOWN_ALERT}/ips`);
    expect(status).toBe(429);
    expect(headers['retry-after']).toBe('3600');
    expect(json.error).toMatchObject({ code: 'TooManyRequests', target: 'c-1' });
  });
});
