import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createApp, type Startup } from '../../shared/app/app.js';
import { systemClock } from '../../shared/base/clock.js';
import { EnrichmentError } from '../../shared/base/errors.js';
import { traceOf } from '../../shared/http/caller-trace.js';
import { openDoor } from '../../shared/http/door.js';
import { freshAlertIds } from '../support/alert-ids.js';
import { startWorld, type World } from '../support/world.js';

const startup: Startup = createApp(
  { STATE_STORAGE: 'memory' },
  { clock: systemClock, random: () => 0.5, report: () => {} },
);
const quiet = { info: () => {}, warn: () => {}, error: () => {}, invocationId: 'i' };

/** What an endpoint answers whose handler does so. */
async function answerOf(
  handler: () => Promise<HttpResponseInit>,
  { headers = {}, log = {} }: { headers?: Record<string, string>; log?: object } = {},
) {
  const request = { headers: new Headers({ host: 'h', ...headers }) } as unknown as HttpRequest;
  const context = { ...quiet, ...log } as unknown as InvocationContext;
  return (await openDoor(startup, handler)(request, context)) as HttpResponseInit & {
    headers: Record<string, string>;
  };
}

describe('whatever fails between a request and its answer', () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;

  test.each<[string, () => Promise<HttpResponseInit>]>([
    ['a header that cannot be written', async () => ({ headers: { 'x-euro': '€' } })],
    ['a header in Latin-1, which the host drops with its answer', async () => ({ headers: { 'x-e': 'é' } })],
    ['a line break in a header', async () => ({ headers: { 'x-two': 'a\r\nb' } })],
    ['a body that is no JSON', async () => ({ jsonBody: circle })],
    ['a status that is none', async () => ({ status: 99 })],
    ['nothing', async () => undefined as unknown as HttpResponseInit],
    ['something thrown that is no error', () => Promise.reject(undefined)],
    [
      'an error whose own answer cannot be written',
      () => Promise.reject(new EnrichmentError('consent-missing', 'No.', { challenge: 'é' })),
    ],
  ])('%s is a problem that says so', async (_what, handler) => {
    const { status, body } = await answerOf(handler);
    expect([status, JSON.parse(String(body)).type]).toEqual([500, expect.stringMatching(/:internal-error$/)]);
  });

  test('a log that throws keeps nobody from the answer', async () => {
    const info = () => {
      throw new Error('the log is full');
    };
    expect(await answerOf(async () => ({ status: 200, body: 'ok' }), { log: { info } })).toMatchObject({
      body: 'ok',
    });
  });

  test('an id of the caller that cannot be echoed is not', async () => {
    const ok = async () => ({ status: 200, body: 'ok' });
    const { headers = {} } = await answerOf(ok, { headers: { 'x-ms-client-request-id': 'caf\u00e9' } });
    expect(headers['x-ms-client-request-id']).toBeUndefined();
    const echoed = await answerOf(ok, { headers: { 'x-ms-client-request-id': 'run-1' } });
    expect(echoed.headers['x-ms-client-request-id']).toBe('run-1');
  });
});

describe('the trace of a request', () => {
  const trace = (traceParent: string | undefined, traceparent?: string) => {
    const headers = new Headers(traceparent === undefined ? {} : { traceparent });
    return traceOf({ headers }, { traceContext: { traceParent } } as unknown as InvocationContext)
      .traceparent;
  };
  const [host, own] = [
    `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    `00-${'c'.repeat(32)}-${'d'.repeat(16)}-00`,
  ];

  test.each([
    [host, own, host],
    ['', own, own],
    [undefined, own, own],
    [undefined, undefined, undefined],
    [undefined, 'junk', undefined],
    [undefined, `00-${'0'.repeat(32)}-${'d'.repeat(16)}-00`, undefined],
    [undefined, `${own}-more`, undefined],
  ])("of the host's %s and its own %s it is %s", (ofHost, ofRequest, expected) => {
    expect(trace(ofHost, ofRequest)).toBe(expected);
  });
});

describe('the end of a process', () => {
  let world: World;
  // Its host has ended, so it does not say any more that it is well.
  afterEach(() => world.close().catch(() => {}));

  test('waits for what is under way, so that its answers arrive', async () => {
    world = await startWorld({ defender: { latencyMs: { min: 500, max: 500 } } });
    const [alertId] = freshAlertIds(1);
    let called = () => {};
    const isCalled = new Promise<void>((resolve) => {
      called = resolve;
    });
    world.defender.intercept = () => {
      called();
      return false;
    };
    const answer = world.enrich({ alertId });
    await isCalled;
    await world.host.close(0);
    expect((await answer).status).toBe(200);
  });
});

test('what nobody caught is logged by its place: a rejection goes on, an exception ends the process', async () => {
  const program = `
    import { logWhatNobodyCaught } from '${pathToFileURL(resolve('functions/hooks.ts')).href}';
    logWhatNobodyCaught(({ event, detail }) => console.log(event, detail));
    Promise.reject(new TypeError('secret-1'));
    setTimeout(() => { console.log('goes on'); setTimeout(() => { throw new RangeError('broken'); }); }, 20);`;
  const tsx = pathToFileURL(resolve('node_modules/tsx/dist/esm/index.mjs')).href;
  const run = promisify(execFile)(process.execPath, ['--import', tsx, '--input-type=module', '-e', program]);
  const { code, stdout } = await run.catch((error) => error);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /unhandled-rejection .*TypeError.*"place":"at [\s\S]*goes on[\s\S]*uncaught-exception .*RangeError/,
  );
  expect(stdout).not.toContain('secret-1');
});
