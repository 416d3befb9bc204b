import type { BuildOptions } from 'esbuild';

export const BUNDLE: BuildOptions & { external: string[] };
export const APP_BUNDLE: BuildOptions & { external: string[] };
