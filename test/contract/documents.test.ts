import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KINDS } from '../../shared/base/errors.js';
import { PAYLOADS } from '../../shared/contract/payloads.js';
import { FORMATS } from '../../shared/formats/index.js';
import { payloadOf } from '../payload/recorded-case.js';
import { startWorld, type World } from '../support/world.js';

const KEY = 'key-12345678';
const withKey = { 'x-functions-key': KEY };

let world: World;
beforeEach(async () => {
  world = await startWorld({ functionKey: KEY });
});
afterEach(() => world.close());

const openApi = async (headers: Record<string, string> = {}) =>
  (await world.get('/api/openapi.json', { ...withKey, ...headers })).json;
const swagger = async (headers: Record<string, string> = {}) =>
  (await world.get('/api/swagger.json', { ...withKey, ...headers })).json;

/** Every method of every route, as `get /alerts/{id}/ips`. */
function routesOf(document: { paths: Record<string, object> }): string[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
}

describe('GET /api/openapi.json and /api/swagger.json', () => {
  test('want the key', async () => {
    expect((await world.get('/api/openapi.json')).status).toBe(401);
    expect((await world.get('/api/swagger.json')).status).toBe(401);
    expect((await world.get(`/api/swagger.json?code=${KEY}`)).status).toBe(200);
  });

  test('describe every HTTP function that is registered, and no other', async () => {
    const routes = [...world.registrations.functions.values()].flatMap(({ metadata: { name, bindings } }) =>
      Object.values(bindings)
        .filter(({ type }) => type === 'httpTrigger')
        .flatMap(({ methods, route }) =>
          (methods as string[]).map((method) => `${method.toLowerCase()} /${route ?? name}`),
        ),
    );
    for (const document of [await openApi(), await swagger()]) {
      expect(routesOf(document).sort()).toEqual(routes.sort());
    }
  });

  test('describe the same operations with the same parameters and statuses', async () => {
    const [one, other] = [await openApi(), await swagger()];
    const summaryOf = ({ paths }: typeof one) =>
      Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods as object).map(([method, { operationId, parameters, responses }]) => ({
          route: `${method} ${path}`,
          operationId,
          parameters: parameters
            .filter(({ in: place }: { in: string }) => place !== 'body')
            .map(({ name }: { name: string }) => name),
          statuses: Object.keys(responses),
        })),
      );
    expect(summaryOf(other)).toEqual(summaryOf(one));
  });

  test('name the address that they were asked for by', async () => {
    const port = new URL(world.host.url).port;
    const asked = { host: `app.contoso.example:${port}`, 'x-forwarded-proto': 'https' };
    expect((await openApi(asked)).servers).toEqual([{ url: `https://app.contoso.example:${port}/api` }]);
    expect(await swagger(asked)).toMatchObject({
      host: `app.contoso.example:${port}`,
      basePath: '/api',
      schemes: ['https'],
    });
  });

  test('have an example of each form, and tell of each kind of failure', async () => {
    const document = await openApi();
    const { post } = document.paths['/enrichAlert'];
    const contents: { examples: object }[] = Object.values(post.responses['200'].content);
    const named = contents.flatMap(({ examples }) => Object.keys(examples));
    expect(named).toEqual(expect.arrayContaining(FORMATS.map(({ name }) => name)));
    // Two stand in a list of alerts only, or come in the upstream's own form.
    const elsewhere = ['not-looked-up-yet', 'invalid-alert-id'];
    for (const kind of Object.keys(KINDS).filter((each) => !elsewhere.includes(each))) {
      expect(JSON.stringify(document.paths)).toContain(`"urn:problem:alert-ip-enrichment:${kind}"`);
    }
  });

  test('say what a designer shows', async () => {
    const { parameters } = (await swagger()).paths['/enrichAlert'].post;
    for (const parameter of parameters) {
      expect(parameter).toMatchObject({
        'x-ms-summary': expect.any(String),
        'x-ms-visibility': expect.stringMatching(/^(important|advanced|internal)$/),
      });
    }
  });
});

test.each(Object.entries(PAYLOADS))(
  'the example %s is the payload of the recorded case',
  async (name, { value }) => {
    expect(value).toEqual(JSON.parse(await payloadOf(name)));
  },
);

test.each(Object.entries(PAYLOADS))('the example %s is answered', async (_name, { value }) => {
  const { status, json } = await world.enrich(value, '', withKey);
  expect(status).toBe(200);
  expect(json.enrichment.status).toBe('complete');
});

test('behind a proxy, PUBLIC_BASE_URL is the address', async () => {
  await world.close();
  world = await startWorld({
    functionKey: KEY,
    settings: { PUBLIC_BASE_URL: 'https://soc.contoso.example/enrich' },
  });
  expect((await openApi()).servers).toEqual([{ url: 'https://soc.contoso.example/enrich/api' }]);
  expect(await swagger()).toMatchObject({ host: 'soc.contoso.example', basePath: '/enrich/api' });
});

test('with wrong settings both are a 503 that names them', async () => {
  await world.close();
  world = await startWorld({ functionKey: KEY, settings: { DEFENDER_CLOUD: 'cirrus' } });
  for (const path of ['/api/openapi.json', '/api/swagger.json']) {
    const { status, headers, json } = await world.get(path, withKey);
    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('60');
    expect(json.detail).toContain('DEFENDER_CLOUD');
  }
});
