import { describe, expect, test } from '@jest/globals';
import { MOST_ADDRESSES, MOST_EVIDENCE, readAlert } from '../../shared/graph/alert-evidence.js';
import { answered } from '../upstream/outcomes.js';

const typed = (type: string, rest: object) => ({
  '@odata.type': `#microsoft.graph.security.${type}`,
  ...rest,
});
const ip = (ipAddress: unknown, rest: object = {}) => typed('ipEvidence', { ipAddress, ...rest });
const alert = (evidence: unknown) => JSON.stringify({ id: 'da1_1', evidence });

function read(evidence: unknown, isPartial = false) {
  const reading = readAlert({ ...answered(alert(evidence)), isPartial });
  if (reading.kind !== 'value') throw new Error(reading.what);
  return reading.value;
}

describe('an alert of alerts_v2', () => {
  test.each([
    ['ipEvidence', { ipAddress: '192.0.2.1' }],
    ['networkConnectionEvidence', { sourceAddress: ip('192.0.2.1') }],
    ['networkConnectionEvidence', { destinationAddress: ip('192.0.2.1') }],
    ['dnsEvidence', { dnsServerIp: ip('192.0.2.1') }],
    ['dnsEvidence', { hostIpAddress: ip('192.0.2.1') }],
    ['dnsEvidence', { ipAddresses: [ip('192.0.2.1')] }],
    ['analyzedMessageEvidence', { senderIp: '192.0.2.1' }],
    ['submissionMailEvidence', { senderIp: '192.0.2.1' }],
    ['teamsMessageEvidence', { senderIP: '192.0.2.1' }],
  ])('%s %j is about the address', (type, rest) => {
    expect(read([typed(type, rest)])).toMatchObject({ ips: ['192.0.2.1'], own: [], unusable: [] });
  });

  test.each([
    ['deviceEvidence', { ipInterfaces: ['192.0.2.1'] }],
    ['deviceEvidence', { lastIpAddress: '192.0.2.1' }],
    ['deviceEvidence', { lastExternalIpAddress: '192.0.2.1' }],
    ['deviceEvidence', { resourceAccessEvents: [{ ipAddress: '192.0.2.1' }] }],
    ['hostLogonSessionEvidence', { host: { lastIpAddress: '192.0.2.1' } }],
    ['ioTDeviceEvidence', { ipAddress: ip('192.0.2.1') }],
    ['ioTDeviceEvidence', { nics: [{ ipAddress: ip('192.0.2.1') }] }],
    ['nicEvidence', { ipAddress: ip('192.0.2.1') }],
    ['kubernetesPodEvidence', { podIp: ip('192.0.2.1') }],
    ['kubernetesServiceEvidence', { clusterIP: ip('192.0.2.1') }],
    ['kubernetesServiceEvidence', { externalIPs: [ip('192.0.2.1')] }],
  ])("%s %j is a device's own", (type, rest) => {
    expect(read([typed(type, rest)])).toMatchObject({ ips: [], own: ['192.0.2.1'], evidence: {} });
  });

  test.each([
    ['sasTokenEvidence', { allowedIpAddresses: '192.0.2.1' }],
    ['urlEvidence', { url: 'http://192.0.2.1/' }],
    ['constructor', { ipAddress: '192.0.2.1' }],
    ['newEvidence', { ipAddress: '192.0.2.1' }],
    ['unknownFutureValue', { ipAddress: '192.0.2.1' }],
    ['hostLogonSessionEvidence', { host: null }],
    ['ioTDeviceEvidence', { nics: [null, 7, 'x'] }],
    ['dnsEvidence', { ipAddresses: 'x' }],
    ['ipEvidence', {}],
    ['ipEvidence', { ipAddress: null }],
    ['ipEvidence', { ipAddress: '' }],
  ])('%s %j has none', (type, rest) => {
    expect(read([typed(type, rest), null, 7, [], { ipAddress: '192.0.2.1' }])).toEqual({
      ips: [],
      own: [],
      evidence: {},
      unusable: [],
      isPartial: false,
    });
  });

  test("a device's own loopback is not the alert's, whatever other evidence says; its other addresses can be", () => {
    const device = typed('deviceEvidence', {
      ipInterfaces: ['192.168.5.65', 'fe80::1%7', '127.0.0.1', '::1', '-'],
      lastExternalIpAddress: '198.51.100.7',
    });
    const evidence = [
      device,
      ip('127.0.0.1', { roles: [] }),
      ip('::1'),
      ip('192.168.5.65'),
      ip('203.0.113.9'),
    ];
    expect(read(evidence)).toMatchObject({
      ips: ['192.168.5.65', '203.0.113.9'],
      own: ['fe80::1', '127.0.0.1', '::1', '198.51.100.7'],
    });
    expect(read([ip('127.0.0.1')]).ips).toEqual(['127.0.0.1']);
  });

  test('what is in the place of an address and is none is told, and IPv6 that holds IPv4 is that', () => {
    const { ips, unusable } = read([ip('-'), ip(7), ip({ a: 1 }), ip('::ffff:192.0.2.1'), ip('192.0.2.1')]);
    expect(ips).toEqual(['192.0.2.1']);
    expect(unusable).toEqual(['-', '7', '{…}']);
  });

  test('of one address the worst verdict counts, all roles, and the country', () => {
    const evidence = [
      ip('192.0.2.1', { verdict: 'suspicious', roles: ['source', 'unknown'], countryLetterCode: null }),
      ip('192.0.2.1', { verdict: 'malicious', roles: ['attacker', 'source'], countryLetterCode: 'nl' }),
      ip('192.0.2.1', {
        verdict: 'noThreatsFound',
        roles: ['unknownFutureValue', 'a b', 7],
        countryLetterCode: 'US',
      }),
      ip('192.0.2.2', { verdict: 'unknownFutureValue', roles: 'x', countryLetterCode: 'Netherlands' }),
      typed('networkConnectionEvidence', {
        verdict: 'suspicious',
        roles: ['destination'],
        destinationAddress: ip('192.0.2.3', { countryLetterCode: 'DE' }),
      }),
    ];
    expect(read(evidence).evidence).toEqual({
      '192.0.2.1': { verdict: 'malicious', roles: ['source', 'attacker'], country: 'NL' },
      '192.0.2.3': { verdict: 'suspicious', roles: ['destination'], country: 'DE' },
    });
  });

  test.each([
    ['', 'no JSON object'],
    ['<html>', 'no JSON object'],
    ['[]', 'no JSON object'],
    ['{"value":[]}', 'no alert'],
    ['{"id":"da1_1"}', 'no alert'],
    ['{"id":"da1_1","evidence":null}', 'no alert'],
    ['{"id":7,"evidence":[]}', 'no alert'],
    ['{"id":"da1_1","evidence":[],"error":{"code":"x"}}', 'an error'],
  ])('%s is no alert, and never "no IPs"', (body, what) => {
    expect(readAlert(answered(body))).toMatchObject({
      kind: 'malformed',
      what: expect.stringContaining(what),
    });
  });

  test('without evidence it has to be JSON by its content type', () => {
    expect(readAlert(answered(alert([]), 'text/html')).kind).toBe('malformed');
    expect(read([]).ips).toEqual([]);
  });

  test('is partial where Graph says so, where there is a next page, and where there is more than is read', () => {
    expect(read([], true).isPartial).toBe(true);
    const paged = JSON.stringify({ id: 'da1_1', evidence: [], 'evidence@odata.nextLink': 'https://x' });
    expect(readAlert(answered(paged))).toMatchObject({ value: { isPartial: true } });
    const address = (n: number) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
    const many = Array.from({ length: 10 * MOST_ADDRESSES }, (_, n) => ip(address(n)));
    expect(read(many)).toMatchObject({ isPartial: true, ips: { length: MOST_ADDRESSES } });
    const nested = typed('dnsEvidence', { ipAddresses: many });
    expect(read([nested])).toMatchObject({ isPartial: true, ips: { length: MOST_ADDRESSES } });
    const devices = typed('deviceEvidence', {
      ipInterfaces: many.map((_, n) => address(n)),
    });
    expect(read([devices])).toMatchObject({ isPartial: true, own: { length: MOST_ADDRESSES } });
    const same = Array.from({ length: 10 * MOST_EVIDENCE }, () => ip('192.0.2.1'));
    expect(read(same)).toMatchObject({ isPartial: true, ips: ['192.0.2.1'] });
    expect(read(same.slice(0, MOST_EVIDENCE)).isPartial).toBe(false);
  });
});
