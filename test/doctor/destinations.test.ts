import { afterAll, afterEach, expect, test } from '@jest/globals';
import { type Receiver, startReceiver } from '../../local/receiver/receiver.js';
// Loaded before time stands still: the app itself loads it when it is asked.
import '../../shared/delivery/agents.js';
import { FakeTimers } from '../support/fake-timers.js';
import { CLOSED_PORT, resolveTo } from '../support/network.js';
import { type RawServer, startSilentServer } from '../support/raw-server.js';
import { AUTHORITY_TLS, EXPIRED_TLS, SELF_SIGNED_TLS, trustLocalAuthority } from '../support/tls-fixtures.js';
import { startWorld, type World } from '../support/world.js';
import { consult } from './consult.js';

afterAll(trustLocalAuthority());

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function keep<T extends Receiver | RawServer | World>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  closers.push(() => started.close());
  return started;
}

/** What the doctor says of destinations, by their names. */
async function examine(destinations: Readonly<Record<string, unknown>>) {
  const settings = { FORWARD_DESTINATIONS: JSON.stringify(destinations) };
  // What stands in the receivers' paths must be in no answer.
  const world = await keep(startWorld({ settings, secrets: ['canary-path', 'canary-sig'] }));
  const { answer } = await consult(world);
  const told: { name: string; status: string; found: string; fix?: string }[] = answer.json.checks;
  return Object.fromEntries(
    told
      .filter(({ name }) => name === 'destinations')
      .map(({ status, found, fix }) => [/^\w+/.exec(found)?.[0], { status, found, fix }]),
  );
}

test('those that are there, by http on this machine or by https: connected to, and sent nothing', async () => {
  const plain = await keep(startReceiver());
  const secure = await keep(startReceiver({ tls: AUTHORITY_TLS }));
  expect(await examine({ plain: { url: plain.url }, secure: { url: secure.url } })).toEqual({
    plain: { status: 'ok', found: `plain: ${new URL(plain.url).origin} can be connected to.` },
    secure: { status: 'ok', found: `secure: ${new URL(secure.url).origin} can be connected to.` },
  });
  for (const receiver of [plain, secure]) {
    expect(receiver.received).toEqual([]);
    expect(receiver.connections).toBe(1);
  }
});

test('what is wrong with a certificate, and what to do', async () => {
  const selfSigned = await keep(startReceiver({ tls: SELF_SIGNED_TLS }));
  const expired = await keep(startReceiver({ tls: EXPIRED_TLS }));
  const told = await examine({ strange: { url: selfSigned.url }, old: { url: expired.url } });
  expect(told).toEqual({
    strange: {
      status: 'fail',
      found: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT'),
      fix: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    },
    old: {
      status: 'fail',
      found: expect.stringContaining('CERT_HAS_EXPIRED'),
      fix: expect.stringContaining('renew'),
    },
  });
});

test('a certificate of another host, a private address and a name without one', async () => {
  const secure = await keep(startReceiver({ tls: AUTHORITY_TLS }));
  const named = `https://siem.example.com:${new URL(secure.url).port}/canary-path`;
  const restore = resolveTo('127.0.0.1');
  try {
    const told = await examine({
      other: { url: named, allowPrivateHost: true },
      inside: { url: named },
      nowhere: { url: 'https://receiver.invalid/canary-path' },
    });
    expect(told).toEqual({
      other: {
        status: 'fail',
        found: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
        fix: expect.stringContaining('another host'),
      },
      inside: {
        status: 'fail',
        found: expect.stringContaining('private range'),
        fix: expect.stringContaining('"allowPrivateHost": true for inside'),
      },
      nowhere: {
        status: 'fail',
        found: expect.stringContaining('ENOTFOUND'),
        fix: expect.stringContaining('cannot be resolved'),
      },
    });
    expect(secure.received).toEqual([]);
  } finally {
    restore();
  }
});

test('nobody listens, or somebody who does not speak TLS: the others are right all the same', async () => {
  const plain = await keep(startReceiver());
  const told = await examine({
    closed: { url: `http://127.0.0.1:${CLOSED_PORT}/canary-path` },
    plain: { url: plain.url },
    mixed: { url: plain.url.replace('http:', 'https:') },
  });
  expect(told).toMatchObject({
    closed: {
      status: 'fail',
      found: expect.stringContaining('ECONNREFUSED'),
      fix: expect.stringContaining('port'),
    },
    plain: { status: 'ok' },
    mixed: {
      status: 'fail',
      found: expect.stringContaining('could not be reached'),
      fix: expect.any(String),
    },
  });
});

test('some who never say a word: each says so of its own, side by side', async () => {
  const time = new FakeTimers();
  try {
    const silent = await time.until(keep(startSilentServer()));
    const url = `${silent.url}/canary-path`;
    const began = performance.now();
    const mute = {
      status: 'fail',
      found: expect.stringContaining('within 5 s'),
      fix: expect.stringContaining('firewalls'),
    };
    expect(await time.until(examine({ one: { url }, two: { url } }))).toEqual({ one: mute, two: mute });
    expect(performance.now() - began).toBeLessThan(6_000);
    await time.settle();
    expect(silent.open.size).toBe(0);
    for (const close of closers.splice(0).reverse()) await time.until(close());
  } finally {
    time.end();
  }
});

test('none are configured: nothing is said', async () => {
  expect(await examine({})).toEqual({});
});
