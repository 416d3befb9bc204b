import { describe, expect, test } from '@jest/globals';
import { FORMATS } from '../../shared/formats/index.js';
import { ipv4, manyIps, rendered } from './enrichments.js';

const JSON_FORMATS = FORMATS.filter(({ contentType }) => /^application\/(stix\+)?json/.test(contentType));

describe('the registry of forms', () => {
  test('tells people of each form what it is and where its IPs are, in one table cell', () => {
    const titles = FORMATS.map(({ title }) => title);
    expect(new Set(titles).size).toBe(FORMATS.length);
    for (const { title, where } of FORMATS) {
      expect(title).toMatch(/^[A-Z][^|\n]+$/);
      expect(where).toMatch(/^[^|\n]+$/);
    }
  });

  test.each(JSON_FORMATS)('$name carries 10,000 addresses', (format) => {
    const text = JSON.stringify(rendered(format, manyIps(10_000)));
    for (const n of [0, 1, 255, 256, 9_998, 9_999]) {
      expect(text.split(`"${ipv4(n)}"`).length - 1).toBeGreaterThan(0);
    }
  });
});
