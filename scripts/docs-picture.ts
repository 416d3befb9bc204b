// Makes docs/images/docs-page.png, which the README shows: `npm run build && npx tsx scripts/docs-picture.ts`.
import { startBrowser } from '../test/browser/browser.js';
import { startBuilt } from '../test/browser/hosts.js';
import { enrich, enter, visit } from '../test/browser/visit.js';

const KEY = 'a-key-for-the-picture';
const browser = await startBrowser();
const host = await startBuilt(KEY);
await visit(browser, { url: host.url, name: 'picture', width: 1100 }, async ({ page }) => {
  await enter(page, KEY);
  await enrich(page);
  await page.screenshot({ path: 'docs/images/docs-page.png', fullPage: true });
});
await host.close();
await browser.close();
