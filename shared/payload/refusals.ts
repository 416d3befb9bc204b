import { alertIdsIn } from '../base/alert-id.js';
import { RequestError } from '../base/errors.js';
import { lineAndColumn } from './scan.js';

/** Why a text is not JSON. */
export interface Misfit {
  /** Of the first character that does not fit, where it is known. */
  readonly position: number | undefined;
  /** Something comes behind a whole JSON document. */
  readonly isBehind: boolean;
}

/**
 * What to say of a text that is not JSON: what it seems to be, and what to send instead. Nothing of the
 * text is repeated.
 */
export function notJson(text: string, misfit: Misfit): RequestError {
  return new RequestError(
    'invalid-body',
    `The body is not JSON${whereIn(text, misfit.position)}. ${advice(text, misfit)}`,
  );
}

/** Looked at from the start of a text; a longer start tells no more. */
const START = 200;

function advice(text: string, { position, isBehind }: Misfit): string {
  const start = text.slice(0, START).trimStart();
  if (start.includes('\0')) {
    return 'It seems to be UTF-16, which has a zero byte for each letter. Send it in UTF-8.';
  }
  if (alertIdsIn(text).length > 0) {
    return 'It seems to be an alert id by itself. Put it in quotes: "da637472900382838869_1364969609".';
  }
  if (/^--[^\r\n]{1,100}\r?\n(?:[\w-]+:[^\r\n]*\r?\n)*content-disposition:/i.test(start)) {
    return 'It seems to be a form upload in parts (multipart). Send the JSON by itself as the body.';
  }
  if (start.startsWith('<')) return 'It seems to be XML or HTML. Post the alert as JSON.';
  if (/^[[{]\s*(?:\{\s*)?'/.test(start)) {
    return 'Names and texts are in single quotes, as Python prints them. Write it with json.dumps, not str.';
  }
  if (isBehind || start.startsWith('\u001e')) {
    return 'It seems to be several documents, one behind the other. Send them as one list: [ {…}, {…} ].';
  }
  if (position === undefined) return 'Post the alert as JSON.';
  if (position >= text.trimEnd().length)
    return 'It ends before it is complete. Post the whole alert as JSON.';
  if (/"""/.test(text.slice(Math.max(0, position - 2), position + 3))) {
    return 'A text in three quotes is no JSON: use one quote, and escape those within.';
  }
  return 'Post the alert as JSON.';
}

/** ` (line 3, column 14)`. */
function whereIn(text: string, position: number | undefined): string {
  if (position === undefined) return '';
  const { line, column } = lineAndColumn(text, position);
  return ` (line ${line}, column ${column})`;
}

/** What to say of bytes that are not UTF-8. */
export function notUtf8(bytes: Uint8Array): RequestError {
  const [first, second] = bytes;
  const marks: readonly (readonly [boolean, string])[] = [
    [first === 0xff && second === 0xfe, 'It is UTF-16 by its first bytes. '],
    [first === 0xfe && second === 0xff, 'It is UTF-16 by its first bytes. '],
    [first === 0x1f && second === 0x8b, 'It is compressed (gzip) by its first bytes. Send it as it is. '],
  ];
  const what = marks.find(([fits]) => fits)?.[1] ?? '';
  return new RequestError('invalid-body', `The body is not UTF-8. ${what}Post the alert as JSON in UTF-8.`);
}

/** What to send instead of a media type that is not read, for those that people post. */
const INSTEAD: readonly (readonly [RegExp, string])[] = [
  [
    /^multipart\//,
    'This is a form upload in parts. Send the JSON by itself as the body, with Content-Type: application/json.',
  ],
  [
    /^application\/x-www-form-urlencoded$/,
    'This is a form\'s type, which curl takes by itself. Add -H "Content-Type: application/json".',
  ],
  [
    /(?:ndjson|jsonl|json-seq|jsonlines|json-lines)$/,
    'This is for several documents in one body. Send them as one list, [ {…}, {…} ], with Content-Type: application/json.',
  ],
  [
    /^text\/plain$/,
    'Post the alert as JSON, with Content-Type: application/json. An alert id by itself is JSON in quotes: ' +
      '"da637472900382838869_1364969609".',
  ],
];

/** The error for a body that is not JSON by its Content-Type; `type` is in lower case, without parameters. */
export function unreadableType(type: string): RequestError {
  const instead = INSTEAD.find(([pattern]) => pattern.test(type))?.[1];
  return new RequestError(
    'unsupported-media-type',
    instead ?? 'Post the alert as JSON, with Content-Type: application/json.',
  );
}
