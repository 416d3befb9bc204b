import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type IngestionEndpoint, startIngestionEndpoint } from '../../local/ingestion/endpoint.js';
import { systemClock as clock } from '../../shared/base/clock.js';
import type { TelemetryEvent } from '../../shared/base/telemetry-event.js';
import { type Attempt, createSend } from '../../shared/delivery/send.js';
import { FORMATS } from '../../shared/formats/index.js';
import { type Item, METRICS } from '../../shared/telemetry/items.js';
// Loaded before there is anything to send, as in watched.ts.
import '../../shared/telemetry/exporter.js';
import { inTrace } from '../../shared/base/trace.js';
import { createTelemetry } from '../../shared/telemetry/telemetry.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { TRACE_ID } from './watched.js';

let ingestion: IngestionEndpoint;
beforeEach(async () => {
  ingestion = await startIngestionEndpoint({ clock });
});
afterEach(() => ingestion.close());

const reports: unknown[] = [];

function open() {
  const settings = {
    connectionString: ingestion.settings.APPLICATIONINSIGHTS_CONNECTION_STRING,
    ingestionEndpoint: ingestion.url,
    role: 'my-app',
    entra: undefined,
  };
  return createTelemetry(settings, { clock, random: Math.random, report: (told) => reports.push(told) });
}

const TRACE = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-00`, properties: { workflowRunId: 'run-1' } };

/** Tells it all in one trace and ends; the items that were sent. */
async function send(...told: readonly TelemetryEvent[]) {
  const telemetry = open();
  inTrace(TRACE, () => told.forEach(telemetry.emit));
  await telemetry.close();
  expect(reports).toEqual([]);
  return ingestion.items;
}

const ATTEMPT: TelemetryEvent = {
  kind: 'delivery-attempt',
  deliveryId: 'delivery-1',
  destination: 'siem',
  origin: 'https://siem.example.com',
  outcome: 'failed',
  status: 503,
  startedAtMs: Date.UTC(2026, 10, 23, 18),
  durationMs: 1_250,
};

describe('a delivery', () => {
  test('an attempt is a dependency of the request that accepted the alert, and a metric by destination and outcome', async () => {
    const items = await send(ATTEMPT, { ...ATTEMPT, outcome: 'delivered', status: 202 });
    const [failed, delivered] = items.filter(({ data }) => data.baseType === 'RemoteDependencyData');
    expect(failed).toMatchObject({
      time: '2026-11-23T18:00:00.000Z',
      sampleRate: 100,
      tags: {
        'ai.operation.id': TRACE_ID,
        'ai.operation.parentId': 'b7ad6b7169203331',
        'ai.cloud.role': 'my-app',
      },
      data: {
        baseData: {
          name: 'POST siem',
          type: 'Http',
          target: 'siem.example.com',
          resultCode: '503',
          success: false,
          duration: '00:00:01.250',
          properties: {
            deliveryId: 'delivery-1',
            destination: 'siem',
            outcome: 'failed',
            workflowRunId: 'run-1',
          },
        },
      },
    });
    expect(delivered?.data.baseData).toMatchObject({ resultCode: '202', success: true });
    const metrics = items
      .filter(({ data }) => data.baseType === 'MetricData')
      .map(({ data }) => data.baseData);
    expect(metrics).toEqual(
      ['failed', 'delivered'].map((outcome) =>
        expect.objectContaining({
          metrics: [
            expect.objectContaining({ name: 'enrichment.delivery_attempt_ms', value: 1_250, count: 1 }),
          ],
          properties: { destination: 'siem', outcome },
        }),
      ),
    );
  });

  test('is told of by whoever sends it: within its request, and long after it', async () => {
    const siem = {
      name: 'siem',
      url: 'https://siem.example.com/hooks/canary-path?sig=canary-signature',
      format: FORMATS[0] as (typeof FORMATS)[number],
      auth: { type: 'none' },
      timeoutMs: 15_000,
      scheduleMs: [0],
      allowPrivateHost: false,
    } as const;
    const outcomes: Attempt[] = [
      { kind: 'delivered', status: 200 },
      { kind: 'gone', status: 410, reason: 'It is gone.' },
    ];
    const telemetry = open();
    const ownToken = () => Promise.reject(new Error('nobody asks for a token'));
    const sender = { clock, random: Math.random, emit: telemetry.emit, userAgent: 'test', ownToken };
    const send = createSend(sender, async () => ({
      createPoster: () => async () => outcomes.shift() as Attempt,
    }));
    const hop = `00-${TRACE_ID}-00f067aa0ba902b7-00`;
    const outgoing = { id: 'delivery-1', body: '{}', contentType: 'application/json', traceparent: hop };
    await inTrace(TRACE, () => send(siem, outgoing));
    await inTrace({ traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-00`, properties: {} }, async () => {
      await send(siem, outgoing);
    });
    await telemetry.close();
    const told = ingestion.items
      .filter(({ data }) => data.baseType === 'RemoteDependencyData')
      .map(({ tags, data: { baseData } }) => [
        baseData.properties.outcome,
        tags['ai.operation.id'],
        tags['ai.operation.parentId'],
        baseData.properties.workflowRunId,
      ]);
    expect(told).toEqual([
      ['delivered', TRACE_ID, 'b7ad6b7169203331', 'run-1'],
      ['gone', TRACE_ID, '00f067aa0ba902b7', undefined],
    ]);
    expect(JSON.stringify(ingestion.requests)).not.toContain('canary');
  });

  test('a dead letter is counted; the event is what is reported of it', async () => {
    const items = await send({ kind: 'dead-letter', destination: 'siem' });
    expect(items.map(({ data: { baseData }, sampleRate }) => ({ ...baseData, sampleRate }))).toEqual([
      expect.objectContaining({
        metrics: [expect.objectContaining({ name: 'enrichment.dead_letters', value: 1, count: 1 })],
        properties: { destination: 'siem' },
        sampleRate: 100,
      }),
    ]);
  });
});

test('a report is an event', async () => {
  const [event] = await send({
    kind: 'reported',
    report: { event: 'job-failed', detail: 'The job 1 failed.' },
  });
  expect(event?.data).toMatchObject({
    baseType: 'EventData',
    baseData: { name: 'job-failed', properties: { detail: 'The job 1 failed.' } },
  });
});

test('what is told in a storm before it is loaded is kept up to a bound, and the rest left out', async () => {
  const storm = Array.from(
    { length: 12_000 },
    (): TelemetryEvent => ({ kind: 'lookup', of: 'alert', level: 'memory' }),
  );
  const [sum] = await send(...storm);
  expect(sum?.data.baseData.metrics).toEqual([
    expect.objectContaining({ name: 'enrichment.lookups', value: 10_000, count: 10_000 }),
  ]);
});

test('an item that the library cannot take turns telemetry off, says so once, and harms nobody who tells', async () => {
  const telemetry = open();
  telemetry.emit({ ...ATTEMPT, origin: 'no origin' });
  telemetry.emit({ kind: 'lookup', of: 'alert', level: 'none' });
  await telemetry.close();
  telemetry.emit(ATTEMPT);
  expect(reports.splice(0)).toEqual([
    { event: 'telemetry-off', detail: expect.stringContaining('TypeError') },
  ]);
});

test('a library that could not be loaded once is loaded again a minute later, and nothing that was kept is lost', async () => {
  const virtual = new VirtualClock();
  const tracked: string[] = [];
  let loads = 0;
  const load = async () => {
    loads++;
    if (loads === 1) throw new Error('EMFILE');
    const client = { track: ({ name }: Item) => void tracked.push(name), close: async () => {} };
    return { openClient: () => client };
  };
  const environment = { clock: virtual, random: Math.random, report: (told: unknown) => reports.push(told) };
  const settings = {
    connectionString: 'x',
    ingestionEndpoint: 'https://x.test',
    role: 'my-app',
    entra: undefined,
  };
  const telemetry = createTelemetry(settings, environment, undefined, load);
  telemetry.emit({ kind: 'lookup', of: 'alert', level: 'none' });
  telemetry.answered();
  await virtual.pass(1_000);
  expect(reports.splice(0)).toMatchObject([{ event: 'telemetry-off' }]);
  await virtual.pass(60_000);
  telemetry.answered();
  await virtual.pass(1_000);
  expect(loads).toBe(2);
  expect(tracked).toEqual(['enrichment.lookups']);
});

test('a library that could not be loaded is not loaded again with every answer', async () => {
  const virtual = new VirtualClock();
  let loads = 0;
  const load = () => {
    loads++;
    return Promise.reject(new Error('EMFILE'));
  };
  const environment = { clock: virtual, random: Math.random, report: () => {} };
  const settings = {
    connectionString: 'x',
    ingestionEndpoint: 'https://x.test',
    role: 'my-app',
    entra: undefined,
  };
  const telemetry = createTelemetry(settings, environment, undefined, load);
  for (let second = 0; second < 60; second++) {
    telemetry.answered();
    await virtual.pass(1_000);
  }
  expect(loads).toBe(1);
  await telemetry.close();
});

test('with nothing to tell nothing is loaded at the end', async () => {
  await open().close();
  expect(ingestion.requests).toEqual([]);
});

test('the names of metrics are what Azure Monitor and OpenTelemetry take', () => {
  for (const name of Object.keys(METRICS)) expect(name).toMatch(/^enrichment\.[a-z_]{1,40}$/);
});

test.each([
  ['goes-on', true],
  ['put-off', true],
  ['broken-off', false],
])('a turn of a job that was %s is a success: %s', async (outcome, success) => {
  const [turn] = (
    await send({
      kind: 'job-turn',
      jobId: 'job-1',
      generation: 1,
      outcome,
      ageMs: 5_000,
      startedAtMs: ATTEMPT.startedAtMs,
      durationMs: 1_250,
    })
  ).filter(({ data }) => data.baseType === 'RemoteDependencyData');
  expect(turn?.data.baseData).toMatchObject({ name: 'job turn', success, properties: { outcome } });
});
