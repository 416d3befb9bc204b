import { expect, test } from '@jest/globals';
import { simulateDeliveries } from './deliveries.js';

test.each([
  { instances: 1, seed: 1, posts: 150, killEveryMs: 300_000 },
  { instances: 4, seed: 2, posts: 210, killEveryMs: 120_000 },
  { instances: 8, seed: 3, posts: 210, killEveryMs: 60_000 },
])(
  '$posts posts, $instances instances, one killed every $killEveryMs ms: accepted = delivered + queued + dead-lettered in each minute, and nothing is queued in the end',
  async (simulation) => {
    const outcome = await simulateDeliveries(simulation);
    const { accepted, arrivals, ended, alarmed } = outcome;
    const delivered = [...ended].filter(([, status]) => status === 'delivered').map(([id]) => id);
    const dead = [...ended].filter(([, status]) => status === 'dead-lettered').map(([id]) => id);

    expect(accepted).toHaveLength(simulation.posts);
    expect(ended.size).toBe(simulation.posts);
    expect(delivered.length + dead.length).toBe(simulation.posts);
    expect(dead.length).toBeGreaterThanOrEqual(simulation.posts / 3);
    expect(outcome.minutesHeld).toBeGreaterThan(100);
    expect(outcome.kills).toBeGreaterThan(15);
    // Every dead letter has had its alarm, and nothing else has.
    expect([...alarmed].sort()).toEqual(dead.sort());
    // Each delivered one arrived, and an id never came with two bodies, nor a body with two ids.
    const arrived = new Set(arrivals.map(({ id }) => id));
    expect(delivered.every((id) => arrived.has(id))).toBe(true);
    const pairs = new Set(arrivals.map(({ id, body }) => `${id} ${body}`));
    expect(pairs.size).toBe(arrived.size);
    expect(new Set(arrivals.map(({ body }) => body)).size).toBe(arrived.size);
    expect(outcome.messagesLeft).toBe(0);
  },
);
