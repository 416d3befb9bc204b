// An esbuild plugin that keeps apart what a first answer needs of Azure's libraries: of @azure/identity a
// third (the rest, OAuth clients and JSON web tokens, is loaded by who asks on behalf of users), of the
// storage libraries all but a checksum in WebAssembly, which is left out. Bundlers cannot find that out by themselves: what a
// package's index names goes where the index goes, and what is imported statically is loaded.
// Whatever does not fit any more after an update of the libraries ends the build.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { resolve } = createRequire(import.meta.url);
const inPackage = (name, path) => join(resolve(`${name}/package.json`), '..', path);

/** By the end of the importing file's path and what it imports: the module itself, instead of the index. */
const INSTEAD_OF_INDEX = {
  '/shared/identity/credential.ts @azure/identity': inPackage(
    '@azure/identity',
    'dist/esm/credentials/managedIdentityCredential/index.js',
  ),
  '/managedIdentityCredential/index.js @azure/msal-node': inPackage(
    '@azure/msal-node',
    'dist/client/ManagedIdentityApplication.mjs',
  ),
};

/** By the end of a file's path: what stands there, and what is to, to the same effect. */
const EDITS = {
  // The one thing that is looked up in this namespace, instead of all of MSAL.
  '/identity/dist/esm/msal/utils.js': [
    [
      'import { msalCommon } from "./msal.js";',
      'import { LogLevel } from "@azure/msal-common/node"; const msalCommon = { LogLevel };',
    ],
  ],
  // For checksums that this app does not ask for: 85 kB of WebAssembly.
  '/storage-common/dist/esm/StorageCRC64Calculator.js': [
    [
      'import NativeCRC64 from "./crc64.js";',
      'const NativeCRC64 = async () => { throw new Error("CRC-64 is left out of this package."); };',
    ],
  ],
  // For Kubernetes only, and then with a whole OAuth client.
  '/managedIdentityCredential/tokenExchangeMsi.js': [
    ['import { WorkloadIdentityCredential } from "../workloadIdentityCredential.js";', ''],
    [
      'const workloadIdentityCredential =',
      'const { WorkloadIdentityCredential } = await import("../workloadIdentityCredential.js"); const workloadIdentityCredential =',
    ],
  ],
};

export const slimLibraries = {
  name: 'slim-libraries',
  setup(build) {
    const unused = new Set([...Object.keys(INSTEAD_OF_INDEX), ...Object.keys(EDITS)]);
    const find = (table, path) => Object.entries(table).find(([end]) => path.endsWith(end) && use(end));
    const use = (end) => unused.delete(end) || true;
    build.onResolve({ filter: /^@azure\/(identity|msal-node)$/ }, ({ path, importer }) => {
      const [, module] = find(INSTEAD_OF_INDEX, `${importer} ${path}`) ?? [];
      return module ? { path: module, sideEffects: false } : undefined;
    });
    build.onLoad({ filter: /@azure\/(identity|storage-common)\/dist\/esm\/.*\.js$/ }, async ({ path }) => {
      const [, edits = []] = find(EDITS, path) ?? [];
      const source = await readFile(path, 'utf8');
      return { contents: edits.reduce((text, [from, to]) => replaceOnce(text, path, from, to), source) };
    });
    build.onEnd(() => {
      if (unused.size > 0)
        throw new Error(`slim-libraries: nothing fits ${[...unused].join(', ')} any more.`);
    });
  },
};

function replaceOnce(text, path, from, to) {
  if (text.split(from).length !== 2) throw new Error(`${path} has changed: look again at its edit.`);
  return text.replace(from, to);
}
