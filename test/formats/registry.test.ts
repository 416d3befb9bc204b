import { describe, expect, test } from '@jest/globals';
import { FORMATS } from '../../shared/formats/index.js';
import { ipv4, manyIps } from './enrichments.js';

const JSON_FORMATS = FORMATS.filter(({ contentType }) => /^application\/(stix\+)?json/.test(contentType));

describe('the registry of forms', () => {
  test("has the contract's forms in the contract's order", () => {
    expect(FORMATS.map(({ name, contentType }) => [name, contentType])).toEqual([
      ['enriched', 'application/json'],
      ['ips', 'application/json'],
      ['sentinel', 'application/json'],
      ['ecs', 'application/json'],
      ['ocsf', 'application/json'],
      ['stix', 'application/stix+json;version=2.1'],
      ['xsoar', 'application/json'],
      ['misp', 'application/json'],
      ['thehive', 'application/json'],
      ['html', 'text/html; charset=utf-8'],
      ['markdown', 'text/markdown; charset=utf-8'],
    ]);
  });

  test('tells people of each form what it is and where its IPs are, in one table cell', () => {
    const titles = FORMATS.map(({ title }) => title);
    expect(new Set(titles).size).toBe(FORMATS.length);
    for (const { title, where } of FORMATS) {
      expect(title).toMatch(/^[A-Z][^|\n]+$/);
      expect(where).toMatch(/^[^|\n]+$/);
    }
  });

  test.each(JSON_FORMATS)('$name carries 10,000 addresses', ({ render }) => {
    const text = JSON.stringify(JSON.parse(render(manyIps(10_000))));
    for (const n of [0, 1, 255, 256, 9_998, 9_999]) {
      expect(text.split(`"${ipv4(n)}"`).length - 1).toBeGreaterThan(0);
    }
  });
});
