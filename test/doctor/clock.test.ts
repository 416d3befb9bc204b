import { afterEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { startWorld, type World } from '../support/world.js';
import { consult } from './consult.js';

let world: World;
afterEach(() => world.close());

const ALERT = { alertId: KNOWN_ALERT };

describe('the check of the clock', () => {
  test.each([
    [10, 'ok', 'behind'],
    [120, 'warn', 'behind'],
    [-120, 'warn', 'ahead of'],
    [600, 'warn', 'Requests are answered meanwhile'],
  ])('Defender is %d s ahead: %s', async (seconds, status, told) => {
    world = await startWorld();
    world.defender.intercept = (_request, response) => {
      response.setHeader('date', new Date(Date.now() + seconds * 1000).toUTCString());
      response.setHeader('content-type', 'application/json');
      response.end('{"value":[]}');
      return true;
    };
    // The last answer to anyone will do: the doctor need not ask.
    await world.enrich(ALERT);
    const clock = (await consult(world)).of('clock');
    expect(clock).toMatchObject({ status, found: expect.stringContaining(told) });
    // As far off as its answer was on its way.
    expect(Math.abs(Number(/is (\d+) s/.exec(clock.found)?.[1]) - Math.abs(seconds))).toBeLessThanOrEqual(9);
  });

  test('while Defender refuses every token, a clock that is far off is what does not work', async () => {
    world = await startWorld();
    world.defender.intercept = (_request, response) => {
      response.setHeader('date', new Date(Date.now() + 1_200_000).toUTCString());
      response.writeHead(401).end('{"error":{"code":"Unauthorized","message":"m"}}');
      return true;
    };
    await world.enrich(ALERT);
    const { of } = await consult(world);
    expect(of('clock')).toMatchObject({ status: 'fail', fix: expect.stringContaining('NTP') });
  });
});
