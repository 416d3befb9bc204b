// Makes docs/images/docs-page.png, which the README shows: `npm run docs:picture`.
import { startBrowser } from '../test/browser/browser.js';
import { startBuilt } from '../test/browser/hosts.js';
import { enrich, enter, visit } from '../test/browser/visit.js';

const KEY = 'a-key-for-the-picture';
const browser = await startBrowser();
const host = await startBuilt(KEY);
await visit(browser, { url: host.url, name: 'picture', width: 1000 }, async ({ page }) => {
  await enter(page, KEY);
  await enrich(page);
  // From what was pasted to what came back.
  const operation = page.locator('#operations-Enrichment-enrichAlert');
  const top = await operation.locator('.opblock-section-request-body').boundingBox();
  const end = await operation.locator('.live-responses-table').boundingBox();
  if (!top || !end) throw new Error('The page does not show what was expected.');
  const scrolled = await page.evaluate<number>('scrollY');
  const clip = { x: 0, y: top.y + scrolled, width: 1000, height: end.y + end.height - top.y };
  await page.screenshot({ path: 'docs/images/docs-page.png', fullPage: true, clip });
});
await host.close();
await browser.close();
