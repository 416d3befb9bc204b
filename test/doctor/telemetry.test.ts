import { afterEach, describe, expect, test } from '@jest/globals';
import { startIngestionEndpoint } from '../../local/ingestion/endpoint.js';
import { systemClock } from '../../shared/base/clock.js';
import { startWorld, type World } from '../support/world.js';
import { consult } from './consult.js';

let world: World;
afterEach(() => world.close());

describe('the check of telemetry', () => {
  const KEY = '00000000-1111-4222-8333-444444444444';
  const to = (endpoint: string) => ({
    settings: {
      APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=${KEY};IngestionEndpoint=${endpoint}`,
    },
    secrets: [KEY],
  });

  test('is off: a warning, no failure', async () => {
    world = await startWorld();
    const { status, of } = await consult(world);
    expect(status).toBe('warn');
    expect(of('telemetry').fix).toContain('APPLICATIONINSIGHTS_CONNECTION_STRING=CONNECTION_STRING');
  });

  test('goes to an endpoint that cannot be reached: a warning that names it and why', async () => {
    world = await startWorld(to('http://127.0.0.1:9/'));
    const { status, of } = await consult(world);
    expect(status).toBe('warn');
    expect(of('telemetry').found).toContain(
      '127.0.0.1:9 of APPLICATIONINSIGHTS_CONNECTION_STRING cannot be reached (ECONNREFUSED)',
    );
    expect(of('telemetry').fix).toContain('127.0.0.1:9');
  });

  test('goes to an endpoint that speaks no TLS: a warning', async () => {
    const ingestion = await startIngestionEndpoint({ clock: systemClock });
    world = await startWorld(to(ingestion.url.replace('http:', 'https:')));
    expect((await consult(world)).of('telemetry')).toMatchObject({
      status: 'warn',
      found: expect.stringContaining('cannot be reached'),
    });
    await ingestion.close();
  });
});
