/** What the build knows (scripts/build.mjs); there is neither where the source runs as it is. */
declare const BUILD_VERSION: string | undefined;
declare const BUILD_COMMIT: string | undefined;

/** By which the app is known to others: in the storage account, to Defender, in telemetry. */
export const APP_NAME = 'defender-alert-ip-enrichment';

/** The app's version, from package.json. */
export const VERSION = typeof BUILD_VERSION === 'string' ? BUILD_VERSION : '0.0.0-source';

/** The commit that was built, `…-modified` with what was not committed; `unknown` where there was no git. */
export const COMMIT = typeof BUILD_COMMIT === 'string' ? BUILD_COMMIT : 'unknown';
