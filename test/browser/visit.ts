import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, Page, Request } from 'playwright-core';

/** An open page, and what happened on it. */
export interface Visit {
  readonly page: Page;
  /** What the browser complained about: scripts, the policy, files that did not come. */
  readonly complaints: string[];
  readonly requests: Request[];
}

/** Runs a visit to `/api/docs`; when it fails, reports/browser-NAME.png shows the page as it was. */
export async function visit(
  browser: Browser,
  look: {
    readonly url: string;
    readonly name: string;
    readonly width: number;
    readonly scheme?: 'light' | 'dark';
  },
  run: (visit: Visit) => Promise<void>,
): Promise<void> {
  const { url, name, width, scheme = 'light' } = look;
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
  page.setDefaultTimeout(120_000);
  const complaints: string[] = [];
  const requests: Request[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => requests.push(request));
  try {
    await page.goto(`${url}/api/docs`);
    await run({ page, complaints, requests });
  } catch (error) {
    await mkdir('reports', { recursive: true });
    await page.screenshot({ path: `reports/browser-${name}.png`, fullPage: true });
    throw error;
  } finally {
    await page.close();
  }
}

/** Enters the function key. */
export async function enterKey(page: Page, key: string): Promise<void> {
  await page.getByLabel('Function key').fill(key);
}

/** Opens a tab. */
export async function openTab(page: Page, name: 'Enrich' | 'Doctor' | 'API reference'): Promise<void> {
  await page.getByRole('tab', { name }).click();
}

/** Pastes something, looks it up, and waits for the table. */
export async function lookUp(page: Page, pasted: string): Promise<void> {
  await page.getByLabel('Alert, alert ids or an export').fill(pasted);
  await page.getByRole('button', { name: 'Look up' }).click();
  await page.locator('#result table').waitFor();
}

/**
 * What axe-core (https://github.com/dequelabs/axe-core) finds wrong with the page as it is, as `rule: element`.
 * The page's policy allows no script but its own; the debugger's protocol puts axe in from outside of it.
 */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const source = createRequire(import.meta.url).resolve('axe-core');
  const { readFile } = await import('node:fs/promises');
  await page.evaluate(`{ ${await readFile(source, 'utf8')} }; undefined`);
  return page.evaluate<string[]>(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`,
  );
}
