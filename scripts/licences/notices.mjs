// The licences of everything in the package, as they want to be passed on: with the copy.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TEXTS } from './texts.mjs';

/** Where a package stands that esbuild read a file of; undefined for our own files. */
function folderOf(input) {
  return /^(?:.*:)?(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
}

/** The folders of all packages of which something is in the outputs of a build. */
export function bundledPackages(metafile) {
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs));
  return [...new Set(inputs.map(folderOf).filter(Boolean))];
}

/**
 * One text with the licences and notices of packages; equal texts stand there once.
 *
 * @param folders where the packages stand
 * @throws when one has no text, neither its own nor one in texts.mjs
 */
export async function thirdPartyNotices(folders) {
  const names = new Map();
  const missing = [];
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const id = `${name}@${version}`;
    const texts = await ownTexts(folder);
    if (!texts.some(({ isLicence }) => isLicence)) {
      if (TEXTS[id]) texts.push({ text: TEXTS[id] });
      else missing.push(`${id} (${license})`);
    }
    const text = texts.map((one) => one.text.replaceAll('\r\n', '\n').trim()).join('\n\n');
    names.set(text, [...(names.get(text) ?? []), `${id} (${license})`]);
  }
  if (missing.length > 0) {
    throw new Error(
      `No licence text: ${missing.join(', ')}. Look it up in the package's repository and add it to scripts/licences/texts.mjs.`,
    );
  }
  const parts = [...names].map(([text, ids]) => `${[...new Set(ids)].join('\n')}\n\n${text}\n`);
  return `This package contains the following software of others.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

async function ownTexts(folder) {
  const files = (await readdir(folder)).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name)).sort();
  return Promise.all(
    files.map(async (name) => ({
      isLicence: !/^notice/i.test(name),
      text: await readFile(join(folder, name), 'utf8'),
    })),
  );
}
