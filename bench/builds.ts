import { execFileSync } from 'node:child_process';
import { cp, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { BUNDLE } from '../scripts/bundle.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const HELLO = join(ROOT, 'bench/fixtures/hello.cjs');
/** Below the project, so that what is not bundled finds node_modules. */
const OUT = join(ROOT, 'out/bench');

/** Everything that is measured, by the folder it is in. */
export const BUILT = {
  /** What `npm run package` makes. */
  app: join(ROOT, 'out/app'),
  /** The same, as it is uploaded. */
  zip: join(ROOT, 'out/app.zip'),
  /** The package as another build of V8 takes it: without a code cache that fits. */
  uncachedCode: join(OUT, 'uncached-code'),
  unbundled: join(OUT, 'unbundled'),
  /** As the Core Tools make it: CommonJS, with `@azure/functions` in node_modules. */
  hello: join(OUT, 'hello'),
  helloBundled: join(OUT, 'hello-bundled'),
  echo: join(OUT, 'echo'),
  naive: join(OUT, 'naive'),
  /** The process that becomes one of them. */
  worker: join(OUT, 'worker.js'),
} as const;

/** Builds all of it, after everything in `out` is deleted by the packaging. */
export async function buildAll(): Promise<void> {
  execFileSync(process.execPath, ['scripts/package.mjs'], { cwd: ROOT });
  await cp(BUILT.app, BUILT.uncachedCode, {
    recursive: true,
    filter: (path) => basename(path) !== 'code-cache',
  });
  await writeFile(join(OUT, 'package.json'), '{"type":"module"}');
  const fixture = (name: string) => join(ROOT, `bench/fixtures/${name}.ts`);
  const separate = { bundle: false, format: 'esm', outbase: ROOT, platform: 'node' } as const;
  await Promise.all([
    cp(HELLO, join(BUILT.hello, 'index.js')),
    build({
      ...BUNDLE,
      entryPoints: [join(ROOT, 'bench/worker.ts')],
      outdir: OUT,
      splitting: false,
      external: ['@azure/*'],
    }),
    build({
      ...separate,
      entryPoints: [join(ROOT, 'functions/*.ts'), join(ROOT, 'shared/**/*.ts')],
      outdir: BUILT.unbundled,
    }),
    build({
      ...BUNDLE,
      entryPoints: [HELLO],
      outfile: join(BUILT.helloBundled, 'index.js'),
      splitting: false,
    }),
    ...(['echo', 'naive'] as const).map((name) =>
      build({ ...separate, entryPoints: [fixture(name)], outfile: join(BUILT[name], 'index.js') }),
    ),
  ]);
  await Promise.all([
    makeApp(BUILT.hello, 'index.js', 'commonjs'),
    ...[BUILT.helloBundled, BUILT.echo, BUILT.naive].map((folder) => makeApp(folder, 'index.js')),
    makeApp(BUILT.unbundled, 'functions/index.js'),
  ]);
}

/** Makes a folder of code an app. */
async function makeApp(folder: string, main: string, type = 'module'): Promise<void> {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type, main }));
  await cp(join(ROOT, 'host.json'), join(folder, 'host.json'));
}
