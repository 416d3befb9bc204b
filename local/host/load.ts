import { readFile } from 'node:fs/promises';
import Module from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { functionsCore, type Registrations } from './core.js';

/**
 * Loads a built app as the worker does: gives `require('@azure/functions-core')` an answer, then
 * imports the entry that `main` of the app's package.json names. For real processes; under Jest,
 * which has a module system of its own, use `functionsCore.collect` alone.
 *
 * @param directory where the app's package.json is
 * @throws when the entry is missing or throws: the app is blocked, as on Azure
 */
export async function loadApp(directory: string): Promise<Registrations> {
  answerCoreModule();
  const { main } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as { main?: string };
  if (!main) throw new Error(`"main" is missing in ${join(directory, 'package.json')}.`);
  const entry = join(directory, main);
  try {
    return await functionsCore.collect(() => import(pathToFileURL(entry).href));
  } catch (error) {
    throw new Error(`The app's entry ${entry} failed to load: ${String(error)}`, { cause: error });
  }
}

/** Patches `require`, which is how the worker provides a module that npm does not have. */
export function answerCoreModule(): void {
  const original = Module.prototype.require;
  Module.prototype.require = function (this: unknown, id: string) {
    return id === '@azure/functions-core' ? functionsCore : original.call(this, id);
  } as typeof original;
}
