import { isObject, type JsonObject, member } from './json.js';
import type { Path } from './path.js';

/** A value inside an envelope, and the steps that lead to it. */
export interface Inner {
  readonly value: unknown;
  readonly steps: Path;
  /** It stands there in Base64, so that nothing can be written into it. */
  readonly isEncoded?: boolean;
}

/** An envelope is no payload itself, only its content can be: an event's own `id` names the event. */
export interface Envelope {
  readonly inner: readonly Inner[];
  /** For people. */
  readonly title: string;
}

/** How many wrappers are looked through: body, string, event, string again, and one to spare. */
export const MOST_WRAPPERS = 5;

/** How many lists may stand around an alert, beside the wrappers. */
export const MOST_LISTS = 5;

/** How many layers of JSON strings are opened, one in the other. */
export const MOST_TEXTS = 5;

/** Members under which playbooks and gateways pass on what they were given. */
const BODIES: ReadonlySet<string> = new Set(['Body', 'body', 'context']);

/** Members of which every envelope has at least one. */
export const ENVELOPE_MEMBERS: ReadonlySet<string> = new Set([
  'alert',
  'data',
  'data_base64',
  '$content',
  'ContentData',
]);

/** For people: the wrappers that are looked into. */
export const WRAPPERS: readonly { readonly title: string; readonly where: string }[] = [
  { title: 'Event Grid events and CloudEvents', where: 'any shape in `data` or `data_base64`' },
  { title: 'What Logic Apps takes for binary', where: 'any shape in `$content`, which is JSON in Base64' },
  {
    title: 'Messages of Service Bus and Event Hubs (triggers of Logic Apps)',
    where: 'any shape in `ContentData`, in Base64 or as it is',
  },
  { title: 'Members `Body`, `body`, `context`', where: 'any shape in them' },
  { title: 'JSON text in a JSON string', where: 'any shape in the parsed string' },
  { title: 'Lists: `[…]`, `{"value": […]}`', where: 'any shape in each element' },
  { title: 'An answer of this app', where: 'any shape in `alert`' },
];

/** The content of an envelope; undefined for what is none. */
export function openEnvelope(value: unknown): Envelope | undefined {
  if (!isObject(value)) return undefined;
  if (isOwnAnswer(value)) return { inner: [at(value, 'alert')], title: 'an answer of this app' };
  if (isEvent(value)) {
    const inner = 'data' in value ? at(value, 'data') : decoded(value, 'data_base64');
    return inner && { inner: [inner], title: 'an Event Grid event or CloudEvent' };
  }
  if (typeof member(value, '$content') === 'string' && typeof member(value, '$content-type') === 'string') {
    const inner = decoded(value, '$content');
    return inner && { inner: [inner], title: 'content of Logic Apps' };
  }
  return member(value, 'ContentData') === undefined ? undefined : messageIn(value);
}

/** https://learn.microsoft.com/connectors/servicebus/#servicebusmessage */
function messageIn(message: JsonObject): Envelope | undefined {
  const content = member(message, 'ContentData');
  const inner =
    typeof content === 'string' && isBase64(content)
      ? decoded(message, 'ContentData')
      : at(message, 'ContentData');
  return inner && { inner: [inner], title: 'a message of Service Bus or Event Hubs' };
}

function at(value: JsonObject, name: string): Inner {
  return { value: value[name], steps: [name] };
}

function decoded(value: JsonObject, name: string): Inner | undefined {
  const encoded = value[name];
  if (typeof encoded !== 'string' || !isBase64(encoded)) return undefined;
  return { value: Buffer.from(encoded, 'base64').toString('utf8'), steps: [name], isEncoded: true };
}

/** Whether a text is JSON in Base64, by its first characters: `{`, `[`, `"`, a byte order mark or a blank. */
function isBase64(text: string): boolean {
  if (!/^[\w+/-]{4}/.test(text)) return false;
  return /^[\ufeff\s]*[{["]/.test(Buffer.from(text.slice(0, 64), 'base64').toString('utf8'));
}

/** Whether a member passes on a whole payload: a body, or the list of an answer. */
export function isWrapperMember(name: string, value: unknown): boolean {
  return BODIES.has(name) || (name === 'value' && Array.isArray(value));
}

/** What `format=enriched` answers: the payload as it was posted, and what was found beside it. */
export function isOwnAnswer(value: unknown): boolean {
  return member(value, 'alert') !== undefined && Array.isArray(member(member(value, 'enrichment'), 'alerts'));
}

/**
 * CloudEvents (https://github.com/cloudevents/spec) and Event Grid's own schema
 * (https://learn.microsoft.com/azure/event-grid/event-schema).
 */
function isEvent(value: unknown): boolean {
  const hasData = member(value, 'data') !== undefined || typeof member(value, 'data_base64') === 'string';
  if (!hasData) return false;
  if (typeof member(value, 'specversion') === 'string') return true;
  return (
    typeof member(value, 'eventType') === 'string' &&
    (member(value, 'subject') !== undefined ||
      member(value, 'topic') !== undefined ||
      member(value, 'dataVersion') !== undefined)
  );
}
