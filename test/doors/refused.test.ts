import { afterEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { systemAssignedClientId } from '../../local/identity/token.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
afterEach(() => world.close());

const path = `/api/alerts/${KNOWN_ALERT}/ips`;

function refuse(status: number, code: string): void {
  world.defender.intercept = (_request, response) => {
    response.writeHead(status).end(`{"error":{"code":"${code}","message":"m","target":"c-1"}}`);
    return true;
  };
}

describe('a refusal by Defender says what the token says', () => {
  test('403, and the role is not in the token: which identity to grant it to, and since when the token is kept', async () => {
    world = await startWorld({ identity: { roles: ['Alert.Read.All'] } });
    const { status, json } = await world.enrich({ alertId: KNOWN_ALERT });
    expect(status).toBe(502);
    expect(json.detail).toContain(
      `The token of application ${systemAssignedClientId} carries no application permission Ip.Read.All`,
    );
    expect(json.detail).toContain('its roles: Alert.Read.All');
    expect(json.detail).toMatch(/issued at \d{4}-[\dT:-]+Z\..*until \d{4}-[\dT:-]+Z at the latest/);
    // The same sentence at the other door.
    const other = await world.get(path);
    expect(other.json.error.message.split(' Defender said')[0]).toBe(json.detail.split(' Defender said')[0]);
  });

  test('403, and the role is in the token: something else', async () => {
    world = await startWorld();
    refuse(403, 'Forbidden');
    const { json } = await world.enrich({ alertId: KNOWN_ALERT });
    expect(json.detail).toContain(
      'carries the application permission Ip.Read.All. So neither a missing grant nor',
    );
  });

  test('401: whom the token is for', async () => {
    world = await startWorld();
    refuse(401, 'Unauthorized');
    const { status, json } = await world.enrich({ alertId: KNOWN_ALERT });
    expect(status).toBe(502);
    expect(json.detail).toContain(`The token is for ${world.audience}, the audience that`);
  });
});
