import { access } from 'node:fs/promises';
import { type Browser, chromium } from 'playwright-core';

/** Where Debian's package puts it. */
const DEBIANS = '/usr/bin/chromium';

/**
 * A real browser: the one that `CHROMIUM_PATH` names, or Debian's.
 * @throws when there is none, with what to do
 */
export async function startBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM_PATH || DEBIANS;
  await access(executablePath).catch(() => {
    throw new Error(
      `There is no browser at ${executablePath}. Install one (apt-get install -y chromium), or name one in CHROMIUM_PATH.`,
    );
  });
  // As root, as in a container, Chromium refuses to start with its sandbox.
  return chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 });
}
