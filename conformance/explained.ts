/** Differences that are known, by the scenario, and why they are left. */
export const EXPLAINED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['01', '1b', '7f'].map((byte) => [
      `a header with the byte ${byte}`,
      'Kestrel takes the byte, and the parser of the worker refuses it: the caller of the real host waits for ever. Here the same parser is in front and answers at once',
    ]),
  ),
  'Expect: foo':
    'The server of the worker refuses it, so that the caller of the real host waits for ever. Here the same server is in front and answers at once',
  'Content-Length and Transfer-Encoding together':
    'The parser of Node in front refuses what could be request smuggling; Kestrel drops the length',
  'an answer header with a Latin-1 byte':
    'The app sends none: it answers 500 to a header that cannot be sent',
  'decoding: Base64 with line ends':
    'The storage library for JavaScript does not decode the carriage return that Azurite sends as an entity. The app sends Base64 without line ends',
};
