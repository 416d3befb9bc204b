import { expect, test } from '@jest/globals';
import { faultHarness } from '../support/fault-harness.js';
import { PAYLOAD_CANARY } from '../support/world.js';
import { always, ipsAnswer, upstreamError } from './answers.js';
import { ALERT, PATH } from './payloads.js';

const fire = faultHarness();

test('all of the above, with an identity endpoint, an upstream and a caller that show their secrets → no token, header secret, function key or payload in any log line or answer', async () => {
  const world = await fire.startWorld({ functionKey: 'canary-function-key' });
  const tokens = new Set<string>();
  const key = { 'x-functions-key': 'canary-function-key' };
  const enrich = (payload: unknown) => fire.time.until(world.enrich(payload, '', key));

  // The identity endpoint answers with the header secret in its errors, then with a page.
  const secret = world.identity.header;
  for (const fault of [
    { status: 400, body: JSON.stringify({ statusCode: 400, message: `X-IDENTITY-HEADER ${secret}` }) },
    { status: 500, body: JSON.stringify({ error: { code: secret, message: secret } }) },
    { status: 200, body: `<html>${secret}</html>` },
  ]) {
    world.identity.intercept = always(fault);
    expect((await enrich(ALERT)).status).toBeGreaterThanOrEqual(502);
    expect((await fire.time.until(world.get(PATH, key))).status).toBeGreaterThanOrEqual(502);
    await fire.time.pass(10_000);
  }
  world.identity.intercept = undefined;

  // Defender, or a proxy before it, shows the request's headers in its own answers.
  for (const status of [200, 400, 401, 403, 404, 408, 429, 503]) {
    world.defender.intercept = (request, response) => {
      const token = String(request.headers.authorization);
      tokens.add(token.replace('Bearer ', ''));
      const shown = upstreamError(status, token, { 'x-shown': token, location: `/${token}` });
      const body = JSON.stringify({ error: { code: token, message: `Header was ${token}`, target: token } });
      const fault = status === 200 ? ipsAnswer('104.80.104.128', token, { token }) : { ...shown, body };
      return always({
        ...fault,
        headers: { ...shown.headers, 'content-length': `${Buffer.byteLength(fault.body as string)}` },
      })(request, response);
    };
    const id = `da637472900382838869_${status}`;
    const answers = [
      await enrich({ ...ALERT, id }),
      await fire.time.until(world.get(`/api/alerts/${id}/ips`, key)),
    ];
    for (const { text } of answers) for (const token of tokens) expect(text).not.toContain(token);
    await fire.time.pass(10_000);
  }
  world.defender.intercept = undefined;

  // The payload in places where errors speak of what was posted.
  for (const body of [
    PAYLOAD_CANARY,
    `{"id":"${PAYLOAD_CANARY}"`,
    { alertId: PAYLOAD_CANARY },
    { alertIds: [PAYLOAD_CANARY, ALERT.id] },
    { ...ALERT, id: PAYLOAD_CANARY },
  ]) {
    await enrich(body);
  }
  await fire.time.until(world.enrich(ALERT, `?${PAYLOAD_CANARY}=${PAYLOAD_CANARY}`, key));
  await fire.time.until(world.enrich(ALERT, `?wait=${PAYLOAD_CANARY}`, key));
  await fire.time.until(world.enrich(ALERT, '', { ...key, 'content-type': PAYLOAD_CANARY }));
  await fire.time.until(world.get(`/api/alerts/${PAYLOAD_CANARY}/ips`, key));

  expect(tokens.size).toBeGreaterThan(0);
  expect(world.logs.length).toBeGreaterThan(20);
  // The rest is what every test of faults ends with: World.close looks through all lines and answers.
});
