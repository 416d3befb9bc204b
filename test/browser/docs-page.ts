/**
 * `npm run test:browser`: the page of /api/docs in a real browser, served by the built app.
 * Without a browser it fails, and says what to install.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from './browser.js';
import { type RunningHost, startBuilt, startMisconfigured } from './hosts.js';
import { enrich, enter, type Visit, visit } from './visit.js';

const KEY = 'a-function-key-for-the-browser';

let browser: Browser;
let host: RunningHost;
before(async () => {
  browser = await startBrowser();
  host = await startBuilt(KEY);
});
after(async () => {
  await host?.close();
  await browser?.close();
});

/** The key was sent as a header to the app's own routes, and is nowhere else; nobody else was asked. */
async function checkKeptPrivate({ page, requests }: Visit): Promise<void> {
  for (const request of requests) {
    const url = new URL(request.url());
    if (url.protocol === 'data:' || url.protocol === 'blob:') continue;
    assert.equal(url.origin, host.url, 'every request goes to the app itself');
    assert.ok(!request.url().includes(KEY), 'the key stands in no address');
  }
  const kept = await page.evaluate<string>(
    'JSON.stringify([location.href, document.cookie, { ...localStorage }, { ...sessionStorage }])',
  );
  assert.ok(!kept.includes(KEY), 'the key is kept in no storage');
  assert.deepEqual(await page.context().cookies(), []);
}

async function checkNoOverflow(page: Page, width: number): Promise<void> {
  const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
  assert.ok(wide <= width, `the page is ${wide} px wide on a screen of ${width} px`);
}

for (const [name, width] of [
  ['desktop', 1280],
  ['telephone', 375],
] as const) {
  test(`${name}: enter the key, paste an alert, see it enriched`, () =>
    visit(browser, { url: host.url, name, width }, async (visited) => {
      const { page, complaints } = visited;
      await enter(page, KEY);
      const text = await enrich(page);
      assert.match(text, /"relatedIps"/);
      assert.match(text, /104\.80\.104\.128/);
      assert.ok(!(await page.locator('body').innerText()).includes(KEY), 'the key is not shown');
      await checkKeptPrivate(visited);
      await checkNoOverflow(page, width);
      assert.deepEqual(complaints, [], 'the browser complains of nothing');
    }));
}

test('a wrong key: the page says so, and the right one helps', () =>
  visit(browser, { url: host.url, name: 'wrong-key', width: 1280 }, async ({ page }) => {
    await enter(page, 'not-the-key');
    await page.getByText('That is not a key of this app.').waitFor();
    assert.equal(await page.locator('.opblock').count(), 0);
    await enter(page, KEY);
    await page.locator('#operations-Enrichment-enrichAlert').waitFor();
    assert.equal(await page.getByRole('status').isVisible(), false);
  }));

test('settings that went wrong meanwhile: the page says which', () =>
  visit(browser, { url: host.url, name: 'wrong-settings', width: 1280 }, async ({ page }) => {
    await host.close();
    const broken = await startMisconfigured(Number(new URL(host.url).port));
    try {
      await enter(page, KEY);
      await page.getByText('Mend these settings of the function app: DEFENDER_CLOUD').waitFor();
    } finally {
      await broken.close();
      host = await startBuilt(KEY);
    }
  }));
