import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { faultHarness } from '../support/fault-harness.js';
import { expectRetryLater } from '../support/problems.js';
import { ALERT, PATH } from './payloads.js';

const fire = faultHarness();

test('missing or contradictory settings → every door answers 503 that names each of them and never a value, nothing is asked of anyone, `npm start` exits non-zero', async () => {
  const wrong = {
    DEFENDER_CLOUD: 'canary-cloud',
    DEFENDER_API_HOST: 'http://canary-host.example/path',
    AZURE_CLIENT_ID: 'canary-client',
    LOCAL_CREDENTIALS: 'azure-cli',
    WEBSITE_INSTANCE_ID: 'canary-instance', // local credentials inside Azure contradict
    QUOTA_PER_MINUTE: '0',
    MAX_BODY_BYTES: 'canary-bytes',
    FORWARD_DESTINATIONS: '{"siem":{"url":"http://canary-host.example/canary"}}',
    APPLICATIONINSIGHTS_CONNECTION_STRING: 'canary-connection',
  };
  const named = Object.keys(wrong).filter((name) => name !== 'WEBSITE_INSTANCE_ID');
  const world = await fire.startWorld({ settings: wrong });
  const problem = await fire.time.until(world.enrich(ALERT));
  expect(expectRetryLater(problem, 503, 'settings-wrong')).toBe(60);
  const answers = [
    problem,
    await fire.time.until(world.get(PATH)),
    await fire.time.until(world.get('/api/health')),
  ];
  for (const { status, headers, text } of answers) {
    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('60');
    for (const name of named) expect(text).toContain(name);
  }
  for (const told of [...answers.map(({ text }) => text), ...world.logs.map(({ message }) => message)]) {
    expect(told).not.toContain('canary');
  }
  expect(world.asked()).toEqual([]);
  expect(world.identity.requests).toEqual([]);

  const child = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts'], {
    env: { PATH: process.env.PATH, ...wrong },
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [stderr, code] = await Promise.all([text(child.stderr), ended]);
  expect(code).toBe(1);
  for (const name of named) expect(stderr).toContain(`${name}: `);
  expect(stderr).not.toContain('canary');
});

test.each([
  ['APPLICATIONINSIGHTS_CONNECTION_STRING', 'canary-connection'],
  ['APPLICATIONINSIGHTS_AUTHENTICATION_STRING', 'canary-authentication'],
])(
  'a wrong %s → no telemetry, the log and the doctor name it, everything else works',
  async (name, value) => {
    const world = await fire.startWorld({ settings: { [name]: value } });
    const logged = world.logs.map(({ message }) => message);
    expect(logged.filter((line) => line.includes('telemetry-off') && line.includes(name))).toHaveLength(1);
    expect(logged.join()).not.toContain('canary');
    expect((await fire.time.until(world.enrich(ALERT))).status).toBe(200);
    expect((await fire.time.until(world.get(PATH))).status).toBe(200);
    expect((await fire.time.until(world.get('/api/health'))).status).toBe(200);
    const { json } = await fire.time.until(world.get('/api/doctor'));
    expect(json.status).toBe('warn');
    const [told] = json.checks.filter((check: { name: string }) => check.name === 'telemetry');
    expect(told).toMatchObject({ status: 'warn', found: expect.stringContaining(name) });
    expect(told.fix).toContain(`"${name}=VALUE"`);
  },
);
