/**
 * Base64 of `{"typ"` or `{"alg"`, with which every token begins. `{"` alone would not do: `eyJ` also stands in one
 * of some 7,000 random job tokens, and a run of the tests gets a hundred of them.
 */
const TOKEN_START = /eyJ(?:0eXAi|hbGci)/;

/** A line of a stack trace, also when JSON has escaped its line break; or a path on this machine. */
const INSIDES = /(\n|\\n)\s+at .*:\d+:\d+|node_modules|file:\/\//;

/** What nobody may read in a log or an answer: of those secrets, of any token, of the app's insides. */
export function leaksIn(text: string, secrets: readonly string[] = []): string[] {
  return [
    ...secrets.filter((secret) => text.includes(secret)),
    ...[TOKEN_START, INSIDES].flatMap((pattern) => pattern.exec(text)?.[0] ?? []),
  ];
}
