import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FORMATS } from '../../shared/formats/index.js';
import { caseNames, payloadOf } from '../payload/recorded-case.js';
import { startWorld, type World } from '../support/world.js';

/** Shapes whose posts come back with something added, in some format: their own members are in the answer, too. */
const EVENTS = /^(?:ecs|ocsf-finding|own-answer|event-envelope)\//;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test.each(FORMATS.map(({ name }) => name))(
  'recorded events as %s: every answer is one that the contract knows, whatever else was in the event',
  async (format) => {
    for (const name of (await caseNames()).filter((name) => EVENTS.test(name))) {
      const answer = await world.enrich(await payloadOf(name), `?wait=1&format=${format}`); // checked by the world
      expect(answer.status).toBeLessThan(500);
    }
  },
);
