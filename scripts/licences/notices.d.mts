export function bundledPackages(metafile: { outputs: Record<string, { inputs: object }> }): string[];
export function thirdPartyNotices(folders: readonly string[]): Promise<string>;
