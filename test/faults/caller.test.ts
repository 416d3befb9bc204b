import { once } from 'node:events';
import http from 'node:http';
import { expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { faultHarness } from '../support/fault-harness.js';
import { mostHeldDuring } from '../support/peak-memory.js';
import { PAYLOAD_CANARY } from '../support/world.js';
import { ALERT, IPS, PATH } from './payloads.js';

const fire = faultHarness();

test('invalid JSON or an empty body → 400, without an upstream call and without an echo of the body', async () => {
  const world = await fire.startWorld();
  const bad = ['', '   ', '{', '[1,]', `{"id":"${KNOWN_ALERT}","title":"${PAYLOAD_CANARY}"`, PAYLOAD_CANARY];
  for (const body of [...bad, Buffer.from([0x22, 0xff, 0x22])]) {
    const { status, headers, json } = await fire.time.until(world.enrich(body));
    expect(status).toBe(400);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(json).toMatchObject({
      type: expect.stringMatching(/:invalid-body$/),
      requestId: expect.any(String),
    });
  }
  expect(world.asked()).toEqual([]);
  expect(world.identity.requests).toEqual([]);
});

test("a wrong media type, method or route → 415 for the type, the host's 404 for the others; no upstream call", async () => {
  const world = await fire.startWorld();
  for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'nonsense']) {
    const { status, json } = await fire.time.until(world.enrich(ALERT, '', { 'content-type': type }));
    expect(status).toBe(415);
    expect(json.detail).toContain('application/json');
  }
  for (const [method, path] of [
    ['GET', '/api/enrichAlert'],
    ['PUT', '/api/enrichAlert'],
    ['POST', PATH],
    ['GET', '/api/alerts'],
    ['GET', '/'],
  ] as const) {
    expect(await fire.time.until(world.send(method, path))).toMatchObject({ status: 404, text: '' });
  }
  expect(world.asked()).toEqual([]);
});

test('a body or a nesting over the limit → 413 for the size, 400 for the nesting, in bounded memory', async () => {
  const world = await fire.startWorld({ settings: { MAX_BODY_BYTES: '100000' } });
  // Time stands still while so many real bytes move.
  const url = `${world.host.url}/api/enrichAlert`;
  const { result, mostHeld } = await mostHeldDuring(() => streamSpaces(url, 90_000_000));
  expect(result).toBe(413);
  // What is on its way through the sockets, and nothing that grows with the body.
  expect(mostHeld).toBeLessThan(60_000_000);
  // The same, known from its Content-Length.
  expect((await world.enrich(Buffer.alloc(60_000_000, ' '))).status).toBe(413);

  const nested = (levels: number) => `{"id":"${KNOWN_ALERT}","x":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  const tooDeep = await fire.time.until(world.enrich(nested(40_000)));
  expect({ status: tooDeep.status, type: tooDeep.json.type }).toMatchObject({
    status: 400,
    type: expect.stringMatching(/:invalid-body$/),
  });
  expect(world.asked()).toEqual([]);
  expect((await fire.time.until(world.enrich(nested(90)))).status).toBe(200);
});

test('a hostile alert id (path traversal, %2F, CR/LF, 10 kB, …) → 4xx, and Defender is asked for no path at all', async () => {
  const world = await fire.startWorld();
  const hostile = [
    '../machines',
    `${KNOWN_ALERT}/../../machines`,
    `${KNOWN_ALERT}%2F..%2Fmachines`,
    `${KNOWN_ALERT}\r\nX-Injected: 1`,
    `${KNOWN_ALERT}?$expand=all`,
    `${KNOWN_ALERT}#`,
    `${KNOWN_ALERT}\u0000`,
    `da${'6'.repeat(10_000)}_1`,
    'da６３７４７２９００３８２８３８８６９_1',
    '.',
    '..',
    '%',
    '',
  ];
  for (const id of hostile) {
    const posted = await fire.time.until(world.enrich({ ...ALERT, id }));
    expect(posted.status).toBe(422);
    const listed = await fire.time.until(world.enrich({ alertIds: [id] }));
    expect(listed.status).toBe(422);
    const path = `/api/alerts/${encodeURIComponent(id)}/ips`;
    const { status } = await fire.time.until(world.get(path));
    expect([400, 404, 414]).toContain(status); // the host's: 404, where it is no route, and 414 beyond 8 kB
  }
  for (const path of [`/api/alerts/..%2f${KNOWN_ALERT}/ips`, `/api/alerts/${KNOWN_ALERT}%0d%0a/ips`]) {
    expect([400, 404]).toContain((await fire.time.until(world.get(path))).status);
  }
  expect(world.asked()).toEqual([]);
});

test('__proto__, constructor and unknown fields → preserved to the character, and no object is polluted', async () => {
  const world = await fire.startWorld();
  const posted = `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":null,"hasOwnProperty":0,"n":12345678901234567890,"machineId":"m","detectionSource":"x","id":"${KNOWN_ALERT}"}`;
  const { status, text } = await fire.time.until(world.enrich(posted));
  expect(status).toBe(200);
  expect(text).toContain(`{"alert":${posted.slice(0, -1)},"relatedIps":${JSON.stringify(IPS)}},`);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();

  const list = `{"alertIds":["${KNOWN_ALERT}"],"__proto__":{"alertIds":["da637000000000000000_1"]}}`;
  expect((await fire.time.until(world.enrich(list))).text).toContain(list.slice(0, -1));
  expect(world.asked()).toEqual([PATH]);
});

test("a missing or wrong function key → the host's empty 401, before anything else happens", async () => {
  const world = await fire.startWorld({ functionKey: 'canary-function-key' });
  for (const headers of [{}, { 'x-functions-key': 'canary-function-keY' }, { 'x-functions-key': '' }]) {
    expect(await fire.time.until(world.enrich(ALERT, '', headers as Record<string, string>))).toMatchObject({
      status: 401,
      text: '',
    });
  }
  expect((await fire.time.until(world.get(`${PATH}?code=wrong`))).status).toBe(401);
  expect(world.logs.filter(({ category }) => category === 'user')).toEqual([]);
  expect(world.asked()).toEqual([]);
  const { status } = await fire.time.until(world.enrich(ALERT, '?code=canary-function-key'));
  expect(status).toBe(200);
});

test('the caller goes away → its lookup ends with its time at the latest, and a permit that was spent stays spent', async () => {
  const world = await fire.startWorld();
  const called = new Promise<void>((resolve) => {
    world.defender.intercept = () => {
      resolve();
      return true; // and never answers
    };
  });
  const headers = { 'content-type': 'application/json' };
  const request = http.request(`${world.host.url}/api/enrichAlert?wait=5`, {
    method: 'POST',
    headers,
    agent: false,
  });
  request.on('error', () => {});
  request.end(JSON.stringify(ALERT));
  await fire.time.until(called);
  request.destroy();
  await fire.time.pass(5_000);
  const answered = world.logs.filter(({ message }) => message.includes('"answered"'));
  expect(answered.map(({ message }) => JSON.parse(message))).toMatchObject([{ status: 504 }]);
  expect(JSON.parse(answered[0]?.message ?? '').ms).toBeLessThanOrEqual(5_000);
  world.defender.intercept = undefined;
  const next = await fire.time.until(world.enrich(ALERT));
  expect(next.status).toBe(200);
  expect(next.json.enrichment.quota.minute.remaining).toBe(98);
});

/** Posts so many bytes of white space without a length; the status of the answer. */
async function streamSpaces(url: string, bytes: number): Promise<number | undefined> {
  const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
  const request = http.request(url, { method: 'POST', headers, agent: false });
  const answered = once(request, 'response');
  const piece = Buffer.alloc(4_000_000, ' ');
  for (let sent = 0; sent < bytes; sent += piece.length) {
    if (!request.write(piece)) await once(request, 'drain');
  }
  request.end();
  const [response] = (await answered) as [http.IncomingMessage];
  response.resume();
  return response.statusCode;
}
