import { app } from '@azure/functions';
import { expect, test } from '@jest/globals';
import { giveUpJob, type StoringApp, workOnJob } from '../../functions/background.js';
import { functionsCore } from '../../local/host/core.js';
import { invoke } from '../../local/host/invoke.js';

app.setup({ enableHttpStream: true });

test.each([
  ['jobWorker', workOnJob],
  ['jobPoison', giveUpJob],
])('%s logs of a fault what may be logged, and tells the host no more', async (name, handler) => {
  const fail = () => Promise.reject(new SyntaxError('"secret" is not valid JSON'));
  const services = { jobs: { work: fail, giveUp: fail } } as unknown as StoringApp;
  const registrations = await functionsCore.collect(() =>
    app.storageQueue(name, {
      queueName: 'jobs',
      connection: 'STATE',
      handler: (entry, context) => handler(services, entry, context),
    }),
  );
  const registered = registrations.functions.get(name);
  const model = registrations.core.worker?.model;
  if (!registered || !model) throw new Error('it is not registered');
  const logged: string[] = [];
  const id = 'a'.repeat(32);
  const invocation = invoke({
    model,
    registrations,
    registered,
    log: ({ message }) => logged.push(message),
    request: {
      invocationId: 'one',
      inputData: Object.keys(registered.metadata.bindings).map((binding) => ({
        name: binding,
        data: { string: JSON.stringify({ id, generation: 3 }) },
      })),
      triggerMetadata: {},
      traceContext: { traceParent: '', traceState: '' },
    },
  });
  const error = await invocation.result.then(
    () => new Error('it did not fail'),
    (thrown: Error) => thrown,
  );
  expect(error.message).toContain(`The work on the job ${id} failed.`);
  const faults = logged.filter((line) => line.includes('job-fault'));
  expect(faults.map((line) => JSON.parse(line))).toMatchObject([
    {
      event: 'job-fault',
      id,
      generation: 3,
      name: 'SyntaxError',
      place: expect.stringContaining('fault.test'),
    },
  ]);
  expect(`${logged}${error.message}${error.stack}`).not.toContain('secret');
});
