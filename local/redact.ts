import type { Settings } from './settings.js';

const secretName = /KEY|SECRET|PASSWORD|TOKEN|CONNECTION_STRING|_HEADER$/i;

/**
 * Makes a function that blanks out secrets in text that is to be printed: JWTs, keys in URLs and in
 * connection strings, and the values of those settings that hold a destination's secrets or address or
 * Graph's client state, or whose names sound secret. A net under the app, which prints none.
 */
export function redactor(settings: Settings): (text: string) => string {
  const { FORWARD_DESTINATIONS: destinations = '', GRAPH_CLIENT_STATE_SETTING: clientState } = settings;
  // Destinations name them in quotes, as `secretSettings` and `urlSetting`.
  const isSecret = (name: string) =>
    secretName.test(name) || name === clientState || destinations.includes(JSON.stringify(name));
  const values = Object.entries(settings).flatMap(([name, value]) =>
    value && value.length >= 8 && isSecret(name) ? [value] : [],
  );
  return (text) => {
    let safe = text
      .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, '***')
      .replace(/((?:AccountKey|SharedAccessSignature|InstrumentationKey)=)[^;\s"]+/g, '$1***')
      .replace(/([?&](?:code|sig|token)=)[^&\s"]+/gi, '$1***');
    for (const value of values) safe = safe.replaceAll(value, '***');
    return safe;
  };
}
