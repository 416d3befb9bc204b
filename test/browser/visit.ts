import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import type { Browser, Page, Request } from 'playwright-core';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';

/** What somebody posts on the page. */
export const ALERT = {
  id: KNOWN_ALERT,
  machineId: '1e5bc9d7e413ddd7902c2932e418702b84d0cc07',
  detectionSource: 'WindowsDefenderAtp',
  title: 'Suspicious connection',
};

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
  { url, name, width }: { readonly url: string; readonly name: string; readonly width: number },
  look: (visit: Visit) => Promise<void>,
): Promise<void> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
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
    await look({ page, complaints, requests });
  } catch (error) {
    await mkdir('reports', { recursive: true });
    await page.screenshot({ path: `reports/browser-${name}.png`, fullPage: true });
    throw error;
  } finally {
    await page.close();
  }
}

/** Enters a key. */
export async function enter(page: Page, key: string): Promise<void> {
  await page.getByLabel('Function key').fill(key);
  await page.getByRole('button', { name: 'Open' }).click();
}

/** Opens `enrichAlert`, pastes the alert, executes, and waits for the answer. */
export async function enrich(page: Page): Promise<string> {
  const operation = page.locator('#operations-Enrichment-enrichAlert');
  await operation.locator('.opblock-summary-control').click();
  await operation.locator('textarea.body-param__text').fill(JSON.stringify(ALERT, null, 2));
  await operation.getByRole('button', { name: 'Execute' }).click();
  const answer = operation.locator('.live-responses-table');
  await answer.waitFor();
  const status = await answer.locator('.response-col_status').last().innerText();
  assert.match(status, /^200/);
  return answer.innerText();
}
