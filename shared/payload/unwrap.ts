import { isObject, member, parseNested } from './json.js';
import type { Path } from './path.js';

/** A value inside a wrapper, and the steps that lead to it; none through a JSON string. */
export interface Inner {
  readonly value: unknown;
  readonly steps: Path;
}

/** What a value wraps. */
export interface Wrapped {
  readonly inner: Iterable<Inner>;
  /**
   * The wrapper is no payload itself, only its content can be: an event's own `id` names the event.
   * Of other wrappers nobody knows; `body` can also be a member of an alert.
   */
  readonly isEnvelope: boolean;
  readonly isList: boolean;
  /** For people, where there is more to say than that it wraps something. */
  readonly title?: string;
}

/** How many wrappers are looked through: body, string, event, string again, and one to spare. */
export const MOST_WRAPPERS = 5;

/** Members under which playbooks and gateways pass on what they were given. */
const BODIES = ['Body', 'body', 'context'] as const;

/** Members of which every object that wraps something has at least one. */
export const WRAPPING_MEMBERS: ReadonlySet<string> = new Set([...BODIES, 'alert', 'data', 'value']);

/** For people: the wrappers that are looked into. */
export const WRAPPERS: readonly { readonly title: string; readonly where: string }[] = [
  { title: 'Event Grid events and CloudEvents', where: 'any shape in `data`' },
  { title: 'Members `Body`, `body`, `context`', where: 'any shape in them' },
  { title: 'JSON text in a JSON string', where: 'any shape in the parsed string' },
  { title: 'Lists: `[…]`, `{"value": […]}`', where: 'any shape in each element' },
  { title: 'An answer of this app', where: 'any shape in `alert`' },
];

/** What a value wraps that is no wrapper. */
export const NOTHING: Wrapped = { inner: [], isEnvelope: false, isList: false };

/** The one place that knows wrappers. How often this is repeated is up to recognise.ts. */
export function unwrap(value: unknown): Wrapped {
  if (typeof value === 'string') {
    const parsed = parseNested(value);
    return parsed === undefined ? NOTHING : envelope([{ value: parsed, steps: [] }]);
  }
  if (Array.isArray(value)) return list(value, []);
  if (!isObject(value)) return NOTHING;
  if (isOwnAnswer(value)) return { ...envelope(membersOf(value, ['alert'])), title: 'an answer of this app' };
  if (isEvent(value)) {
    return { ...envelope(membersOf(value, ['data'])), title: 'an Event Grid event or CloudEvent' };
  }
  const values = member(value, 'value');
  if (Array.isArray(values)) return list(values, ['value']);
  return { inner: membersOf(value, BODIES), isEnvelope: false, isList: false };
}

function envelope(inner: readonly Inner[]): Wrapped {
  return { inner, isEnvelope: true, isList: false };
}

function list(elements: readonly unknown[], prefix: Path): Wrapped {
  return { inner: eachElement(elements, prefix), isEnvelope: false, isList: true };
}

/** One at a time, since a hostile list can have millions; only what can hold or be an id. */
function* eachElement(elements: readonly unknown[], prefix: Path): Generator<Inner> {
  for (const [index, value] of elements.entries()) {
    if (typeof value === 'string' || (typeof value === 'object' && value !== null)) {
      yield { value, steps: [...prefix, index] };
    }
  }
}

function membersOf(value: unknown, names: readonly string[]): Inner[] {
  const inner: Inner[] = [];
  for (const name of names) {
    const content = member(value, name);
    if (content !== undefined) inner.push({ value: content, steps: [name] });
  }
  return inner;
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
  if (member(value, 'data') === undefined) return false;
  if (typeof member(value, 'specversion') === 'string') return true;
  return (
    typeof member(value, 'eventType') === 'string' &&
    (member(value, 'subject') !== undefined ||
      member(value, 'topic') !== undefined ||
      member(value, 'dataVersion') !== undefined)
  );
}
