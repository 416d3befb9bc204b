import { afterEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { startDelegatedWorld } from '../support/delegated-world.js';
import { startWorld, type World } from '../support/world.js';
import { consult } from './consult.js';

let world: Pick<World, 'close' | 'get' | 'defender' | 'enrich'>;
afterEach(() => world.close());

const ALERT = { alertId: KNOWN_ALERT };

describe('the check of the quota', () => {
  test('what is used', async () => {
    world = await startWorld();
    await world.enrich(ALERT);
    expect((await consult(world)).of('quota')).toMatchObject({
      status: 'ok',
      found: '1 of 100 calls of this minute and 1 of 1500 of this hour are used.',
    });
  });

  test("that of users is the registration's, and told apart", async () => {
    const delegated = await startDelegatedWorld();
    world = delegated;
    await delegated.enrichAs(delegated.authority.signIn('ann'), ALERT);
    const told = (await consult(world)).answer.json.checks.filter(
      ({ name }: { name: string }) => name === 'quota',
    );
    expect(told).toMatchObject([
      { status: 'ok', found: expect.stringMatching(/^0 of 100/) },
      { status: 'ok', found: expect.stringMatching(/^On behalf of users: 1 of 100/) },
    ]);
  });

  test('nearly all of the hour', async () => {
    world = await startWorld({ settings: { QUOTA_PER_HOUR: '1' } });
    await world.enrich(ALERT);
    expect((await consult(world)).of('quota').status).toBe('warn');
  });

  test('paused by Defender, and until when', async () => {
    world = await startWorld();
    world.defender.intercept = (_request, response) => {
      response.writeHead(429, { 'retry-after': '3600' }).end();
      return true;
    };
    await world.enrich(ALERT);
    const { status, found } = (await consult(world)).of('quota');
    expect(status).toBe('warn');
    const until = /pause until (\S+Z)/.exec(found)?.[1] ?? '';
    expect(Math.abs(Date.parse(until) - Date.now() - 3_600_000)).toBeLessThan(30_000);
    // The same moment in the answer that is refused for it.
    world.defender.intercept = undefined;
    const { json } = await world.enrich(ALERT, '?onFailure=degrade');
    expect(json.enrichment.quota.pausedUntil).toMatch(/Z$/);
  });
});
