/** By which the app is known to others: in the storage account, to Defender, in telemetry. */
export const APP_NAME = 'defender-alert-ip-enrichment';

/** The app's version; a test keeps it equal to package.json's. */
export const VERSION = '0.1.0';
