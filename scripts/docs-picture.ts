// Makes docs/images/docs-page.png, which the README shows: `npm run docs:picture`.
import { KNOWN_ALERT } from '../local/defender/alerts.js';
import { startBrowser } from '../test/browser/browser.js';
import { startBuilt } from '../test/browser/hosts.js';
import { enterKey, lookUp, visit } from '../test/browser/visit.js';

const KEY = 'a-key-for-the-picture';
const browser = await startBrowser();
const host = await startBuilt(KEY);
await visit(browser, { url: host.url, name: 'picture', width: 1000 }, async ({ page }) => {
  await enterKey(page, KEY);
  await page.getByLabel('How common').check();
  await lookUp(page, `${KNOWN_ALERT}\nda637472900382838870_1`);
  await page.screenshot({ path: 'docs/images/docs-page.png', fullPage: true });
});
await host.close();
await browser.close();
