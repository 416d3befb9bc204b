/**
 * `npm run test:browser`: the page of /api/docs in a real browser, served by the built app.
 * Without a browser it fails, and says what to install.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { startBrowser } from './browser.js';
import { type RunningHost, startBuilt, startMisconfigured } from './hosts.js';
import { accessibilityFaults, enterKey, lookUp, openTab, type Visit, visit } from './visit.js';

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
    assert.ok(!request.url().includes(KEY), 'the key is in no address');
  }
  const kept = await page.evaluate<string>(
    'JSON.stringify([location.href, document.cookie, { ...localStorage }, { ...sessionStorage }])',
  );
  assert.ok(!kept.includes(KEY), 'the key is kept in no storage');
  assert.deepEqual(await page.context().cookies(), []);
  assert.ok(!(await page.locator('body').innerText()).includes(KEY), 'the key is not shown');
}

/** The page fits its screen, and axe finds nothing wrong with it. */
async function checkState(page: Page, width: number): Promise<void> {
  const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
  assert.ok(wide <= width, `the page is ${wide} px wide on a screen of ${width} px`);
  assert.deepEqual(await accessibilityFaults(page), []);
}

for (const [width, scheme] of [
  [390, 'dark'],
  [390, 'light'],
  [1280, 'light'],
  [1900, 'dark'],
] as const) {
  test(`${width} px, ${scheme}: every tab and state fits and is accessible, and the key stays in the page`, () =>
    visit(browser, { url: host.url, name: `${width}-${scheme}`, width, scheme }, async (visited) => {
      const { page, complaints } = visited;
      await checkState(page, width);
      await page.getByRole('button', { name: 'Look up' }).click();
      await page.getByText('Paste an alert or an alert id first.').waitFor();
      await enterKey(page, KEY);
      await page.getByLabel('How common').check();
      await lookUp(page, `${KNOWN_ALERT}\nsomething-else`);
      await checkState(page, width);
      await openTab(page, 'Doctor');
      await page.getByRole('button', { name: 'Ask the doctor' }).click();
      await page.locator('#checks li').first().waitFor();
      await checkState(page, width);
      await openTab(page, 'API reference');
      await page.locator('summary').first().click();
      await page.getByText('Parameters').first().waitFor();
      await checkState(page, width);
      await checkKeptPrivate(visited);
      assert.deepEqual(complaints, [], 'the browser complains of nothing');
    }));
}

test('ids become a table with public addresses first, which can be copied', () =>
  visit(browser, { url: host.url, name: 'table', width: 1280 }, async ({ page }) => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await enterKey(page, KEY);
    await lookUp(page, `${KNOWN_ALERT}, da637472900382838870_1`);
    const publics = await page.locator('tbody tr').count();
    await page.getByLabel('Only public addresses').uncheck();
    const scopes = await page.locator('tbody tr td:nth-child(2)').allInnerTexts();
    assert.ok(scopes.length > publics, 'the others are shown on request');
    assert.deepEqual(
      [...scopes].sort((one, other) => Number(other === 'public') - Number(one === 'public')),
      scopes,
    );
    await page.getByRole('button', { name: 'Copy as Markdown' }).click();
    await page.getByText('Copied').waitFor();
    const copied = await page.evaluate<string>('navigator.clipboard.readText()');
    assert.match(copied, /^\| Address \| Scope \|/);
    assert.match(copied, /104\.80\.104\.128/);
    assert.match(await page.locator('#result').innerText(), /of 100 calls left this minute/);
  }));

test('a 202 is followed with a progress bar until the table is there', () =>
  visit(browser, { url: host.url, name: 'job', width: 1280 }, async ({ page }) => {
    const location = '/api/enrichments/3f8f1e4a-0000-4000-8000-000000000000?token=secret';
    const running = {
      enrichment: { id: 'x', status: 'running', done: 40, total: 100, retryAfterSeconds: 1 },
    };
    const accepted = {
      status: 202,
      headers: { location: `https://gateway.example/soc${location}`, 'retry-after': '1' },
      json: running,
    };
    const ip = { address: '104.80.104.128', scope: 'public', sources: ['defender'], alertIds: ['da1_1'] };
    const ended = { alert: {}, enrichment: { status: 'complete', ips: [ip], alerts: [{ status: 'found' }] } };
    let polls = 0;
    await page.route('**/api/enrichAlert*', (route) => route.fulfill(accepted));
    await page.route(`**${location}`, (route) => {
      polls += 1;
      return polls < 2 ? route.fulfill(accepted) : route.fulfill({ status: 200, json: ended });
    });
    await enterKey(page, KEY);
    await page.getByLabel('Alert, alert ids or an export').fill('da1_1');
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.getByRole('progressbar', { name: 'Alerts done' }).waitFor();
    await page.getByText('40 of 100 alerts are done').waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    await page.locator('#result table').waitFor();
    assert.equal(polls, 2);
    assert.equal(await page.getByRole('progressbar').isVisible(), false);
  }));

test('the keyboard alone is enough', () =>
  visit(browser, { url: host.url, name: 'keyboard', width: 1280 }, async ({ page }) => {
    await page.keyboard.type(KEY); // the key's field has the focus
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.locator('#doctor').isVisible(), true);
    await page.keyboard.press('Home');
    await page.keyboard.press('Tab');
    await page.keyboard.type(KNOWN_ALERT);
    for (let step = 0; step < 3; step += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('#result table').waitFor();
  }));

test('a wrong or missing key is said in words, and the right one helps', () =>
  visit(browser, { url: host.url, name: 'wrong-key', width: 1280 }, async ({ page }) => {
    await page.getByLabel('Alert, alert ids or an export').fill(KNOWN_ALERT);
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.getByText('Enter a function key first.').waitFor();
    await enterKey(page, 'not-the-key');
    await openTab(page, 'API reference');
    await page.getByText('That is not a key of this app.').waitFor();
    await enterKey(page, KEY);
    await page.keyboard.press('Enter');
    await page.locator('details').first().waitFor();
  }));

test('a problem is a sentence, and the page says which settings went wrong meanwhile', () =>
  visit(browser, { url: host.url, name: 'problems', width: 1280 }, async ({ page }) => {
    await enterKey(page, KEY);
    await page.getByLabel('Alert, alert ids or an export').fill('{"a":');
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.locator('#enrich-status.wrong').getByText('The body is not usable JSON').waitFor();
    assert.deepEqual(await accessibilityFaults(page), []);
    await host.close();
    const broken = await startMisconfigured(Number(new URL(host.url).port));
    try {
      await page.getByRole('button', { name: 'Look up' }).click();
      await page.locator('#enrich-status').getByText('DEFENDER_CLOUD').waitFor();
    } finally {
      await broken.close();
      host = await startBuilt(KEY);
    }
  }));
