// An esbuild plugin that keeps apart what a managed identity needs of @azure/identity, which is a third
// of it: the rest (OAuth clients, JSON web tokens) is loaded by who asks on behalf of users. Bundlers
// cannot find that out, since whatever a package's index names goes where the index goes.
// Whatever does not fit any more after an update of the library ends the build.
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
  // For Kubernetes only, and then with a whole OAuth client.
  '/managedIdentityCredential/tokenExchangeMsi.js': [
    ['import { WorkloadIdentityCredential } from "../workloadIdentityCredential.js";', ''],
    [
      'const workloadIdentityCredential =',
      'const { WorkloadIdentityCredential } = await import("../workloadIdentityCredential.js"); const workloadIdentityCredential =',
    ],
  ],
};

export const slimIdentity = {
  name: 'slim-identity',
  setup(build) {
    const unused = new Set([...Object.keys(INSTEAD_OF_INDEX), ...Object.keys(EDITS)]);
    const find = (table, path) => Object.entries(table).find(([end]) => path.endsWith(end) && use(end));
    const use = (end) => unused.delete(end) || true;
    build.onResolve({ filter: /^@azure\/(identity|msal-node)$/ }, ({ path, importer }) => {
      const [, module] = find(INSTEAD_OF_INDEX, `${importer} ${path}`) ?? [];
      return module ? { path: module, sideEffects: false } : undefined;
    });
    build.onLoad({ filter: /@azure\/identity\/dist\/esm\/.*\.js$/ }, async ({ path }) => {
      const [, edits = []] = find(EDITS, path) ?? [];
      const source = await readFile(path, 'utf8');
      return { contents: edits.reduce((text, [from, to]) => replaceOnce(text, path, from, to), source) };
    });
    build.onEnd(() => {
      if (unused.size > 0) throw new Error(`slim-identity: nothing fits ${[...unused].join(', ')} any more.`);
    });
  },
};

function replaceOnce(text, path, from, to) {
  if (text.split(from).length !== 2) throw new Error(`${path} has changed: look again at its edit.`);
  return text.replace(from, to);
}
