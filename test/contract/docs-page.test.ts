import { afterEach, expect, test } from '@jest/globals';
import { startWorld, type World } from '../support/world.js';

let world: World;
afterEach(() => world.close());

test('GET /api/docs is open, and every file that it names is there', async () => {
  world = await startWorld({ functionKey: 'key-12345678' });
  for (const path of ['/api/docs', '/api/docs/']) {
    const { status, headers, text } = await world.get(path);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    const named = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name = '']) => name);
    const files = named.filter((name) => !name.startsWith('data:'));
    expect(files).toHaveLength(2);
    for (const file of files) {
      const { pathname } = new URL(file, `${world.host.url}${path}`);
      expect((await world.get(pathname)).status).toBe(200);
    }
  }
});

test('page and files may load nothing from elsewhere, run nothing inline, and stand in no frame', async () => {
  world = await startWorld();
  for (const path of ['/api/docs', '/api/docs/page.js', '/api/docs/page.css']) {
    const { headers } = await world.get(path);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
  }
});

test('a file that the browser has already is not sent again', async () => {
  world = await startWorld();
  const { headers } = await world.get('/api/docs/page.js');
  expect(headers['cache-control']).toBe('no-cache');
  const again = await world.get('/api/docs/page.js', { 'if-none-match': String(headers.etag) });
  expect({ status: again.status, text: again.text }).toEqual({ status: 304, text: '' });
});

test('nothing but those files is read', async () => {
  world = await startWorld();
  for (const name of [
    'index.html',
    '..%2Findex.js',
    '%2e%2e%2f%2e%2e%2fpackage.json',
    '__proto__',
    'LICENSE',
  ]) {
    const { status, text } = await world.get(`/api/docs/${name}`);
    expect({ status, text }).toEqual({ status: 404, text: '' });
  }
});

test('with wrong settings it is a 503 that names them', async () => {
  world = await startWorld({ settings: { DEFENDER_CLOUD: 'cirrus' } });
  const { status, json } = await world.get('/api/docs');
  expect(status).toBe(503);
  expect(json.detail).toContain('DEFENDER_CLOUD');
});
