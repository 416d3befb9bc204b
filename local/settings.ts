import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Settings by name, as in `process.env`. */
export type Settings = Record<string, string | undefined>;

/**
 * The `Values` of a `local.settings.json`, the Core Tools' file for local settings; none if there is
 * no such file.
 *
 * @throws when it is not JSON, is encrypted, or holds values that are not text
 */
export async function readLocalSettings(path: string): Promise<Settings> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  let file: { IsEncrypted?: boolean; Values?: Record<string, unknown> };
  try {
    file = JSON.parse(text);
  } catch {
    // Without the parser's own message: that quotes the text, secrets and all.
    throw new Error(`${path} is not valid JSON.`);
  }
  if (file.IsEncrypted) throw new Error(`${path} is encrypted: run "func settings decrypt" first.`);
  for (const [name, value] of Object.entries(file.Values ?? {})) {
    if (typeof value !== 'string') throw new Error(`${path}: the value of "${name}" must be a text.`);
  }
  return (file.Values ?? {}) as Settings;
}

/** Where the Core Tools look for them: in the folder that a command runs in, for npm the project's. */
export const LOCAL_SETTINGS = 'local.settings.json';

/**
 * Removes from this process's environment all that is set there for the app, so that what runs next does
 * the same on every machine.
 */
export async function forgetSettings(): Promise<void> {
  const sample = new URL('../local.settings.sample.json', import.meta.url);
  for (const name of Object.keys(await readLocalSettings(fileURLToPath(sample)))) delete process.env[name];
}

/** Two sources of settings as one; where both know a name, the first wins. */
export function mergeSettings(first: Settings, second: Settings): Settings {
  return { ...second, ...first };
}
