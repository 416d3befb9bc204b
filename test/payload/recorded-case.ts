import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RequestError } from '../../shared/base/errors.js';
import { parseJson } from '../../shared/payload/json.js';
import { toPointer } from '../../shared/payload/path.js';
import { type AlertReference, findAlerts } from '../../shared/payload/references.js';
import { attachRelatedIps } from '../../shared/payload/splice.js';

/**
 * Where the cases are: `<shape>/<case>/payload.json`, with `references.json` and `answer.json` as they were
 * recorded; or with `right.json`, which somebody wrote by hand and nothing overwrites.
 */
export const CASES = 'test/cases';

/** What a payload comes to. */
export interface Recorded {
  /** The references found, or the error, as JSON text. */
  readonly references: string;
  /** The payload with every alert's address in it, to the character; absent where there is no answer. */
  readonly answer: string | undefined;
}

/** What a payload has to come to, as somebody decided who looked at it. */
export interface Right {
  readonly status: 200 | 422;
  /** Every alert that Defender is asked about, one call each. */
  readonly lookedUp?: readonly string[];
  /** How many alerts are other products'. */
  readonly skipped?: number;
  /** JSON Pointers of the objects that get addresses; everything else comes back to the character. */
  readonly relatedIpsIn?: readonly string[];
  /** What a refusal has to name. */
  readonly says?: readonly string[];
}

/** The folders of all cases, such as `mde-alert/with-evidence`. */
export async function caseNames(): Promise<string[]> {
  const files = await readdir(CASES, { recursive: true });
  return files
    .filter((file) => file.endsWith('payload.json'))
    .map((file) => file.slice(0, -'/payload.json'.length))
    .sort();
}

/** The payload of a case as it is posted. */
export function payloadOf(name: string): Promise<string> {
  return readFile(join(CASES, name, 'payload.json'), 'utf8');
}

/** What somebody wrote by hand that a case has to come to; undefined for a recorded case. */
export async function rightOf(name: string): Promise<Right | undefined> {
  const file = join(CASES, name, 'right.json');
  return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Right) : undefined;
}

/** Takes a posted text as far as it goes without any lookup. */
export function record(text: string): Recorded {
  try {
    const references = findAlerts(parseJson(text));
    return { references: pretty(references.map(shown)), answer: attachInvented(text, references) };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return {
      references: pretty({ error: error.kind, status: error.status, detail: error.message }),
      answer: undefined,
    };
  }
}

/** The posted text with an invented address in each alert. */
export function attachInvented(text: string, references: readonly AlertReference[]): string {
  const attachments = references.flatMap((reference) =>
    reference.kind === 'endpoint' && reference.attachTo
      ? [{ path: reference.attachTo, ips: [inventedIp(reference.alertId)] }]
      : [],
  );
  return attachRelatedIps(text, attachments);
}

/** Always the same address for the same alert, from a documentation range (RFC 5737). */
export function inventedIp(alertId: string): string {
  let sum = 0;
  for (const character of alertId) sum = (sum * 31 + character.charCodeAt(0)) % 254;
  return `192.0.2.${sum + 1}`;
}

/** A reference with its pointer, as answers show it. */
function shown({ kind, path, ...rest }: AlertReference): object {
  return { kind, pointer: toPointer(path), ...rest };
}

function pretty(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
