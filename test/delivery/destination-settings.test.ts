import { describe, expect, test } from '@jest/globals';
import { parseSettings } from '../../shared/app/settings.js';
import { originOf } from '../../shared/delivery/destination.js';
import { parseDestinations } from '../../shared/delivery/destination-settings.js';
import { FORMATS } from '../../shared/formats/index.js';
import fc from '../support/properties.js';
import { SCHEDULE_MS } from './deliveries-fixture.js';

const KEY = Buffer.alloc(32, 7).toString('base64');
const OTHER_KEY = Buffer.alloc(24, 9).toString('base64');
const SETTINGS: Readonly<Record<string, string>> = {
  SIEM_URL: 'https://siem.example.com/hook/canary-url?sig=canary-sig',
  KEY: `whsec_${KEY}`,
  NEXT_KEY: OTHER_KEY,
  TOKEN: 'Splunk canary-token',
};
const URL_ = 'https://siem.example.com/hook';

function parse(value: unknown, settings = SETTINGS) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return parseDestinations(text, (name) => (Object.hasOwn(settings, name) ? settings[name] : undefined));
}

/** The one destination, which must be without problems. */
function right(of: unknown) {
  const { destinations, problems } = parse({ siem: of });
  expect(problems).toEqual([]);
  return destinations[0];
}

/** The messages about the one destination. */
function wrong(of: unknown, settings = SETTINGS) {
  return parse({ siem: of }, settings).problems.map(({ setting, message }) => {
    expect(setting).toBe('FORWARD_DESTINATIONS');
    return message;
  });
}

describe('a destination', () => {
  test('is an address and defaults', () => {
    expect(right({ url: URL_ })).toEqual({
      name: 'siem',
      url: URL_,
      format: FORMATS[0],
      auth: { type: 'none' },
      timeoutMs: 15_000,
      scheduleMs: SCHEDULE_MS,
      allowPrivateHost: false,
    });
  });

  test('says all of it', () => {
    const auth = { type: 'standard-webhooks', secretSettings: ['KEY', 'NEXT_KEY'] };
    const given = { urlSetting: 'SIEM_URL', format: 'ecs', auth, timeoutSeconds: 2, scheduleSeconds: [0, 1] };
    const destination = right({ ...given, allowPrivateHost: true });
    expect(destination).toMatchObject({
      url: SETTINGS.SIEM_URL,
      format: { name: 'ecs' },
      auth: { type: 'standard-webhooks', secrets: [KEY, OTHER_KEY] },
      timeoutMs: 2_000,
      scheduleMs: [0, 1_000],
      allowPrivateHost: true,
    });
    expect(destination && originOf(destination)).toBe('https://siem.example.com');
  });

  test.each(FORMATS.map(({ name }) => name))('takes the form %s', (format) => {
    expect(right({ url: URL_, format })?.format.name).toBe(format);
  });

  test('proves who it is from in four ways', () => {
    const auth = (value: unknown) => right({ url: URL_, auth: value })?.auth;
    expect(auth({ type: 'none' })).toEqual({ type: 'none' });
    expect(auth({})).toEqual({ type: 'none' });
    expect(auth({ type: 'managed-identity', scope: 'https://management.azure.com//.default' })).toEqual({
      type: 'managed-identity',
      scope: 'https://management.azure.com//.default',
    });
    expect(auth({ type: 'header', header: 'Authorization', secretSettings: ['TOKEN'] })).toEqual({
      type: 'header',
      header: 'Authorization',
      value: 'Splunk canary-token',
    });
  });

  test.each([
    ['http://127.0.0.1:7090/hook', true],
    ['http://localhost:7090/hook', true],
    ['http://[::1]:7090/hook', true],
    ['https://127.0.0.1/hook', true],
    ['https://8.8.8.8/hook', true],
    ['https://[2606:4700::1111]/hook', true],
    ['http://siem.example.com/hook', false],
    ['http://127.0.0.1.example.com/hook', false],
    ['ftp://127.0.0.1/hook', false],
    ['https://user:password@siem.example.com/hook', false],
    ['https://siem.example.com/hook#here', false],
    ['siem.example.com', false],
    ['', false],
    [`https://siem.example.com/${'x'.repeat(5000)}`, false],
    // Private, by whatever way it is written; names are looked at when they are resolved.
    ['https://10.0.0.1/', false],
    ['https://192.168.0.1/', false],
    ['https://169.254.169.254/metadata', false],
    ['https://0.0.0.0/', false],
    ['https://100.64.0.1/', false],
    ['https://167772161/', false],
    ['https://0xa.0.0.1/', false],
    ['https://012.0.0.1/', false],
    ['https://[::ffff:10.0.0.1]/', false],
    ['https://[fe80::1]/', false],
    ['https://[fd00::1]/', false],
  ])('may stand at %s: %s', (url, isRight) => {
    if (isRight) expect(right({ url })?.url).toBe(new URL(url).href);
    else expect(wrong({ url })).toEqual([expect.stringMatching(/^\(siem\.url\) /)]);
  });

  test('may stand at a private address when it says so', () => {
    expect(right({ url: 'https://10.0.0.1/hook', allowPrivateHost: true })?.url).toBe(
      'https://10.0.0.1/hook',
    );
  });
});

describe('what is wrong with a destination is told', () => {
  const auth = (value: unknown) => ({ url: URL_, auth: value });
  const signed = (...secretSettings: unknown[]) => auth({ type: 'standard-webhooks', secretSettings });
  const header = (name: unknown, setting = 'TOKEN') =>
    auth({ type: 'header', header: name, secretSettings: [setting] });
  const scope = (value: unknown) => auth({ type: 'managed-identity', scope: value });

  test.each<[string, unknown, RegExp]>([
    ['no object', 7, /^\(siem\) must be an object/],
    ['a list', [], /^\(siem\) must be an object/],
    ['null', null, /^\(siem\) must be an object/],
    ['an unknown key', { url: URL_, Url: 'x' }, /^\(siem\) has a key that is not known.*urlSetting/],
    ['no address', {}, /^\(siem\) must have either url or urlSetting/],
    ['two addresses', { url: URL_, urlSetting: 'SIEM_URL' }, /^\(siem\) must have either url or urlSetting/],
    ['a setting that is missing', { urlSetting: 'NONE' }, /^\(siem\.urlSetting\) must name a setting/],
    ['a setting that is no name', { urlSetting: 7 }, /^\(siem\.urlSetting\) must name a setting/],
    ['a setting that holds no address', { urlSetting: 'TOKEN' }, /^\(siem\.urlSetting\) .*https:/],
    ['an unknown form', { url: URL_, format: 'cef' }, /^\(siem\.format\) must be one of enriched, ips/],
    [
      'a flag that is none',
      { url: URL_, allowPrivateHost: 'yes' },
      /^\(siem\.allowPrivateHost\) must be true/,
    ],
    ['no time-out', { url: URL_, timeoutSeconds: 0 }, /^\(siem\.timeoutSeconds\) must be a number from/],
    ['a time-out too long', { url: URL_, timeoutSeconds: 121 }, /^\(siem\.timeoutSeconds\)/],
    ['a time-out in words', { url: URL_, timeoutSeconds: '15' }, /^\(siem\.timeoutSeconds\)/],
    ['no schedule', { url: URL_, scheduleSeconds: [] }, /^\(siem\.scheduleSeconds\) must be a list/],
    ['waits below zero', { url: URL_, scheduleSeconds: [0, -1] }, /^\(siem\.scheduleSeconds\)/],
    ['waits over a day', { url: URL_, scheduleSeconds: [86_401] }, /^\(siem\.scheduleSeconds\)/],
    ['too many waits', { url: URL_, scheduleSeconds: Array(21).fill(0) }, /^\(siem\.scheduleSeconds\)/],
    ['auth that is no object', auth('none'), /^\(siem\.auth\) must be an object/],
    [
      'an unknown type',
      auth({ type: 'basic' }),
      /^\(siem\.auth\.type\) must be one of none, standard-webhooks/,
    ],
    ['an unknown key of auth', auth({ type: 'none', secret: 'x' }), /^\(siem\.auth\) has a key/],
    [
      'a key of another type',
      auth({ type: 'none', scope: 'x' }),
      /^\(siem\.auth\.scope\) is not for the type none/,
    ],
    ['no secret', auth({ type: 'standard-webhooks' }), /^\(siem\.auth\.secretSettings\) must be a list/],
    ['no secret in the list', signed(), /^\(siem\.auth\.secretSettings\) must be a list/],
    ['too many secrets', signed(...Array(6).fill('KEY')), /^\(siem\.auth\.secretSettings\) must be a list/],
    [
      'a secret that is missing',
      signed('KEY', 'NONE'),
      /^\(siem\.auth\.secretSettings\[1\]\) must name a setting/,
    ],
    [
      'a name of every object',
      signed('constructor'),
      /^\(siem\.auth\.secretSettings\[0\]\) must name a setting/,
    ],
    ['a secret that is none', signed('TOKEN'), /^\(siem\.auth\.secretSettings\[0\]\) .*24 to 64.*base64/],
    ['no scope', auth({ type: 'managed-identity' }), /^\(siem\.auth\.scope\) must be .*\/\.default/],
    ['a resource for a scope', scope('https://management.azure.com'), /^\(siem\.auth\.scope\) must be/],
    ['a finer scope', scope('https://graph.microsoft.com/Mail.Read'), /^\(siem\.auth\.scope\) must be/],
    ['no header', auth({ type: 'header', secretSettings: ['TOKEN'] }), /^\(siem\.auth\.header\) must be/],
    [
      'two values',
      auth({ type: 'header', header: 'X-Key', secretSettings: ['KEY', 'TOKEN'] }),
      /secretSettings\) .*one setting/,
    ],
  ])('%s', (_what, of, message) => {
    expect(wrong(of)).toEqual([expect.stringMatching(message)]);
  });

  test.each([
    'Host',
    'connection',
    'Keep-Alive',
    'Transfer-Encoding',
    'TE',
    'Trailer',
    'Upgrade',
    'Proxy-Authorization',
    'Content-Length',
    'content-type',
    'Webhook-Signature',
    'webhook-id',
    'traceparent',
    'User-Agent',
    'Expect',
    '',
    'X Key',
    'X-Key:',
    'X-Kéy',
    'X-Key\r\nX-Other',
    'x'.repeat(101),
  ])('%j is no header for a secret', (name) => {
    expect(wrong(header(name))).toEqual([expect.stringMatching(/^\(siem\.auth\.header\) must be the name/)]);
  });

  test.each(['two\r\nlines', 'two\nlines', 'nul\0', 'é', 'x'.repeat(4097)])(
    '%j is no value of a header',
    (value) => {
      expect(wrong(header('X-Key', 'VALUE'), { VALUE: value })).toEqual([
        expect.stringMatching(/^\(siem\.auth\.secretSettings\[0\]\) .*one line/),
      ]);
    },
  );

  test.each([23, 65])('a secret of %d bytes is none', (bytes) => {
    const settings = { KEY: `whsec_${Buffer.alloc(bytes, 1).toString('base64')}` };
    expect(wrong(signed('KEY'), settings)).toEqual([expect.stringContaining('24 to 64')]);
  });

  test('all of it at once, and of each destination', () => {
    const { problems, destinations } = parse({
      'no name': { url: URL_ },
      one: {
        url: 'http://example.com',
        format: 'x',
        timeoutSeconds: -1,
        auth: { type: 'standard-webhooks' },
      },
      two: { url: URL_, scheduleSeconds: 'daily' },
      three: { url: URL_ },
    });
    expect(problems.map(({ message }) => /^\(.*?\)/.exec(message)?.[0])).toEqual([
      '(destination 1)',
      '(one.format)',
      '(one.url)',
      '(one.auth.secretSettings)',
      '(one.timeoutSeconds)',
      '(two.scheduleSeconds)',
    ]);
    expect(destinations.at(-1)).toMatchObject({ name: 'three', url: URL_ });
  });

  test.each(['{', '[]', 'null', '7', '"siem"', '{"siem":{}', '['.repeat(100_000)])(
    'that %j is no object of destinations',
    (text) => {
      expect(parse(text).problems).toEqual([
        { setting: 'FORWARD_DESTINATIONS', message: expect.stringMatching(/^must be JSON/) },
      ]);
    },
  );

  test.each(['', ' x', '-x', 'a b', 'a/b', '__proto__', 'ü', 'x'.repeat(41)])('%j is no name', (name) => {
    const { problems, destinations } = parse(`{${JSON.stringify(name)}:{"url":"${URL_}"}}`);
    expect(problems).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/^\(destination 1\)/) }),
    ]);
    expect(destinations.length).toBe(0);
  });
});

test('the settings as a whole: a destination that is wrong is a wrong setting', () => {
  const env = { STATE_STORAGE: 'memory', FORWARD_DESTINATIONS: '{"siem":{"urlSetting":"constructor"}}' };
  expect(parseSettings(env)).toEqual({
    ok: false,
    problems: [
      {
        setting: 'FORWARD_DESTINATIONS',
        message: expect.stringMatching(/^\(siem\.urlSetting\)/),
        // What has to be set is another setting than the one with the JSON.
        remedy: { set: expect.not.stringContaining('FORWARD_DESTINATIONS') },
      },
    ],
  });
});

test('whatever stands in the setting, nothing is thrown, and no problem holds a value of it or of another setting', () => {
  const canary = fc.constantFrom(
    'canary-1',
    'https://canary-2.example.com/x',
    'http://canary-3',
    'whsec_canary4',
    'CANARY',
    '10.0.0.1/canary-5',
    'https://10.0.0.1/canary-6',
  );
  const anything = fc.oneof(
    canary,
    fc.jsonValue(),
    fc.constantFrom('KEY', 'none', 'header', 'managed-identity'),
  );
  const auth = fc.oneof(
    anything,
    fc.dictionary(
      fc.oneof(fc.constantFrom('type', 'secretSettings', 'scope', 'header'), canary),
      fc.oneof(anything, fc.array(anything)),
    ),
    fc.record(
      {
        type: fc.constantFrom('none', 'standard-webhooks', 'managed-identity', 'header'),
        secretSettings: fc.array(anything),
        scope: canary,
        header: canary,
      },
      { requiredKeys: ['type'] },
    ),
  );
  const keys = fc.constantFrom(
    'url',
    'urlSetting',
    'format',
    'timeoutSeconds',
    'scheduleSeconds',
    'allowPrivateHost',
  );
  const destination = fc.oneof(
    anything,
    fc.dictionary(fc.oneof(keys, canary), anything),
    fc.record(
      { url: canary, auth, format: anything, scheduleSeconds: fc.array(anything) },
      { requiredKeys: [] },
    ),
  );
  const value = fc.dictionary(
    fc.oneof(fc.constantFrom('siem', '__proto__', 'two words', 'https://canary-7'), fc.string()),
    destination,
  );
  fc.assert(
    fc.property(fc.oneof(value, anything), canary, (given, secret) => {
      const settings = { CANARY: secret, KEY: `canary ${secret}` };
      const { problems, destinations } = parse(JSON.stringify(given), settings);
      const told = problems.map(({ message }) => message.replace(/^\(.*?\)/, '')).join('\n');
      expect(told).not.toMatch(/canary/i);
      for (const { message } of problems) expect(message).not.toContain(secret);
      if (problems.length === 0) for (const each of destinations) expect(() => originOf(each)).not.toThrow();
    }),
    { numRuns: 2_000 },
  );
});

test('any text at all is a problem or some destinations', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const { problems, destinations } = parse(text);
      expect(problems.length + destinations.length > 0 || text.replaceAll(/\s/g, '') === '{}').toBe(true);
    }),
  );
});
