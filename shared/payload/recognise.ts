import { alertIdsIn } from '../base/alert-id.js';
import { RequestError } from '../base/errors.js';
import type { Steps } from '../base/steps.js';
import { cluesIn } from './clues.js';
import { isObject, type JsonObject, JsonTexts, member } from './json.js';
import { alertKey, type Finding, type Holder, isNoId, isTelling, settled } from './mentions.js';
import { counts, countsAsLink, isRawCopy, nameAround, plainName } from './names.js';
import { isLong, LONGEST_POINTER, type Path } from './path.js';
import { type AnyShape, type Candidate, type Shape, under } from './shape.js';
import { plain, unknown } from './shapes/plain.js';
import { RELATED_IPS } from './splice.js';
import {
  type Envelope,
  isWrapperMember,
  MOST_LISTS,
  MOST_TEXTS,
  MOST_WRAPPERS,
  openEnvelope,
} from './unwrap.js';
import { judge } from './whose-alert.js';

/**
 * Most places in which one payload may name alerts. As many alerts take a job more than eight hours,
 * four fifths of 1,500 calls in each.
 */
export const MOST_ALERTS = 10_000;

/** What a payload was recognised as. */
export interface Recognised {
  /** Every shape that recognised some of it, also those that found no alert there. */
  readonly shapes: ReadonlySet<AnyShape>;
  /** In the payload's order; several places can name one alert. */
  readonly findings: readonly Finding[];
  /** Titles of the envelopes around. */
  readonly envelopes: ReadonlySet<string>;
}

/**
 * Recognises a payload: each object by itself, wherever it stands. What a known shape has an alert in is
 * that shape's. Everything else is searched for known shapes, and for strings that are alert ids.
 * @throws {RequestError} `invalid-body` when it carries too many alerts, or one below too long names
 */
export function* recognising(payload: unknown): Steps<Recognised> {
  const search = new Search();
  yield* search.unit(payload, {
    known: { wrappers: MOST_WRAPPERS, lists: MOST_LISTS },
    texts: MOST_TEXTS,
    holder: undefined,
    name: 'id',
    outerName: '',
    writtenIn: search,
    copyIn: undefined,
    isRest: false,
    document: undefined,
  });
  return search;
}

/** Where the walk is. */
interface Place {
  /**
   * How much more may be unwrapped until nobody could tell any more what was meant to be posted; undefined
   * below a member that is no wrapper.
   */
  readonly known: { readonly wrappers: number; readonly lists: number } | undefined;
  /** How many layers of JSON strings may still be opened. */
  readonly texts: number;
  /** The innermost object around, unless it only wraps. */
  readonly holder: Holder | undefined;
  /** The name of the innermost member around, as `plainName` gives it, and of the one around that. */
  readonly name: string;
  readonly outerName: string;
  /** Where strings are what somebody wrote by hand as ids: the object or list that they stand in. */
  readonly writtenIn: object | undefined;
  /** The object that gets the IPs, where what is looked at is a copy that stays as it is. */
  readonly copyIn: Holder | undefined;
  /** In what a known shape recognised and found no alert in. */
  readonly isRest: boolean;
  /** The shape of it if it is a document that gets the IPs of what is found in it. */
  readonly document: Shape | undefined;
}

/** How many values are looked at between two pauses: some tenths of a millisecond. */
const WORK_BETWEEN_PAUSES = 500;

/** Every value is visited once on its way down, so the work is linear in the payload's size. */
class Search implements Recognised {
  readonly shapes = new Set<AnyShape>();
  readonly envelopes = new Set<string>();
  findings: Finding[] = [];
  readonly #texts = new JsonTexts();
  /** Where the walk is; copied only for what is found. */
  readonly #steps: (string | number)[] = [];
  #objects = 0;
  #work = 0;
  /** How many places there were where an id should have been and was none. */
  #noIds = 0;

  /** Something that has the alerts that it would have if it were posted by itself. */
  *unit(value: unknown, place: Place): Steps<void> {
    const before = this.findings.length;
    yield* this.#visit(value, place);
    const found = this.findings.length - before;
    if (found > 1) this.#keep(before, settled(this.findings.slice(before)));
    else if (found === 1) (this.findings[before] as Finding).isSettled = true;
  }

  *#visit(value: unknown, place: Place): Steps<void> {
    if (++this.#work % WORK_BETWEEN_PAUSES === 0) yield;
    if (typeof value === 'string') yield* this.#string(value, place);
    else if (Array.isArray(value)) yield* this.#list(value, place);
    else if (isObject(value)) yield* this.#object(value, place);
  }

  *#string(text: string, place: Place): Steps<void> {
    const ids = alertIdsIn(text);
    for (const id of ids) this.#addId(id, text, place);
    if (ids.length > 0 || place.texts === 0) return;
    const parsed = yield* this.#texts.parsing(text);
    if (parsed === undefined) return;
    yield* this.#visit(parsed, { ...place, texts: place.texts - 1, known: lessAWrapper(place.known) });
  }

  *#list(list: readonly unknown[], place: Place): Steps<void> {
    // The list of an answer can hold anything; one that somebody wrote by hand holds ids or is wrong.
    const isOfIds = place.writtenIn !== undefined && place.writtenIn !== list && list.every(isString);
    const before = this.findings.length;
    const inside = { ...place, known: lessAList(place.known), writtenIn: isOfIds ? list : place.writtenIn };
    for (let index = 0; index < list.length; index++) {
      if (!canHold(list[index])) {
        if (++this.#work % WORK_BETWEEN_PAUSES === 0) yield;
        continue;
      }
      this.#steps.push(index);
      const count = this.findings.length;
      if (inside.known) yield* this.unit(list[index], inside);
      else yield* this.#visit(list[index], inside);
      if (isOfIds && this.findings.length === count) this.#addNoId(inside);
      this.#steps.pop();
    }
    if (isOfIds) this.#preferWritten(before, list);
  }

  *#object(value: JsonObject, place: Place): Steps<void> {
    const { names, shapes, mayBeEnvelope } = cluesIn(value);
    const start = this.#objects++;
    const holder: Holder = {
      depth: this.#steps.length,
      path: undefined,
      start,
      end: Infinity,
      named: undefined,
    };
    const isClaimed = shapes.length > 0 && (yield* this.#claim(shapes, value, names, place, holder));
    const envelope = !isClaimed && mayBeEnvelope ? openEnvelope(value) : undefined;
    if (envelope) yield* this.#envelope(envelope, place, holder);
    else if (!isClaimed) yield* this.#members(value, names, place, holder);
    holder.end = this.#objects;
  }

  *#envelope({ title, inner }: Envelope, place: Place, holder: Holder): Steps<void> {
    this.envelopes.add(title);
    const known = lessAWrapper(place.known);
    for (const { value, steps, isEncoded } of inner) {
      const copyIn = place.copyIn ?? (isEncoded ? holder : undefined);
      this.#steps.push(...steps);
      const name = known ? 'id' : 'data';
      const writtenIn = known ? holder : undefined;
      yield* this.#visit(value, {
        ...place,
        known,
        copyIn,
        writtenIn,
        holder: undefined,
        name,
        outerName: '',
      });
      for (const _ of steps) this.#steps.pop();
    }
  }

  *#members(value: JsonObject, names: readonly string[], place: Place, holder: Holder): Steps<void> {
    const { known } = place;
    const before = this.findings.length;
    const pair = nameInPair(value);
    const inside = { ...place, known: undefined, holder, writtenIn: undefined };
    for (const name of names) {
      const content = value[name];
      if (NOT_SEARCHED.has(name)) continue;
      const isWritten = known !== undefined && WRITTEN.has(name);
      if (!canHold(content) && !isWritten) {
        if (++this.#work % WORK_BETWEEN_PAUSES === 0) yield;
        continue;
      }
      this.#steps.push(name);
      const count = this.findings.length;
      if (known && isWrapperMember(name, content)) {
        const wrapped = { ...place, holder: undefined, name: 'id', outerName: '' };
        if (name === 'value') yield* this.#visit(content, { ...wrapped, writtenIn: content as object });
        else yield* this.#visit(content, { ...wrapped, known: lessAWrapper(known), writtenIn: holder });
      } else {
        const isCopy = typeof content === 'string' && isRawCopy(name);
        const copyIn = place.copyIn ?? (isCopy ? holder : undefined);
        const told = pair !== undefined && isValueName(name) ? pair : name;
        const asNamed = { name: plainName(told), outerName: nameAround(told, place.name) };
        const writtenIn = isWritten ? holder : undefined;
        yield* this.#visit(content, { ...inside, ...asNamed, copyIn, writtenIn });
      }
      if (isWritten && name !== 'id' && this.findings.length === count) {
        if (Array.isArray(content)) this.shapes.add(plain);
        else this.#addNoId({ ...inside, writtenIn: holder });
      }
      this.#steps.pop();
    }
    if (known) this.#preferWritten(before, holder);
  }

  /**
   * Whether one of the shapes recognises the object. Where that finds no alert in it, the rest of it is
   * searched, and what is found there is the document's.
   */
  *#claim(
    shapes: readonly Shape[],
    value: JsonObject,
    names: readonly string[],
    place: Place,
    holder: Holder,
  ): Steps<boolean> {
    for (const name of TEXTS_OF_SHAPES) {
      const text = value[name];
      if (typeof text === 'string') yield* this.#texts.parsing(text);
    }
    for (const shape of shapes) {
      const candidates = shape.find(value, this.#texts);
      if (!candidates) continue;
      if (!place.isRest) this.shapes.add(shape);
      const before = this.findings.length;
      for (const candidate of candidates) {
        if (candidate) this.#addKnown(shape, candidate, place, holder);
        if (++this.#work % WORK_BETWEEN_PAUSES === 0) yield;
      }
      const found = this.findings.slice(before);
      if (found.some(shape.isSourceFree ? hasId : isTelling)) return true;
      const attachTo = found.length === 1 ? placeOfDocument(found[0], this.#steps.length) : undefined;
      if (attachTo) holder.path = attachTo;
      const rest = names.filter((name) => !shape.never?.includes(name));
      const copyIn = place.copyIn ?? (attachTo && holder);
      const document = attachTo ? shape : place.document;
      yield* this.#members(
        value,
        rest,
        { ...place, known: undefined, copyIn, isRest: true, document },
        holder,
      );
      const inside = this.findings.slice(before + found.length);
      this.#keep(before, inside.some(isTelling) ? inside : found);
      return true;
    }
    return false;
  }

  #addKnown(shape: AnyShape, candidate: Candidate, { copyIn }: Place, holder: Holder): void {
    const { path, attachTo } = under(this.#steps, candidate);
    const at = { path: [...path], attachTo: attachTo && copyIn ? this.#pathOf(copyIn) : attachTo };
    const verdict = judge(candidate);
    const key = verdict.kind === 'unusable' || !verdict.alertId ? undefined : alertKey(verdict.alertId);
    this.#add({
      ...{ shape, verdict, key, candidate: { ...candidate, ...at } },
      ...{ isNamed: false, isCopy: copyIn !== undefined, holder, writtenIn: undefined, isSettled: false },
    });
  }

  #addId(id: string, text: string, place: Place): void {
    const isLink = /^\s*https:/i.test(text);
    if (!(isLink ? countsAsLink(place.name) : counts(id, place.name, place.outerName))) return;
    const { copyIn, writtenIn } = place;
    const holder = copyIn ?? place.holder;
    const key = alertKey(id);
    const before = holder?.named?.get(key);
    if (before) {
      // Of one alert there are three spellings at most, and a payload can repeat one a million times.
      if (before.candidate.ids.includes(id)) return;
      before.candidate = { ...before.candidate, ids: [...before.candidate.ids, id] };
      before.verdict = judge(before.candidate);
      return;
    }
    const shape = writtenIn ? plain : (place.document ?? unknown);
    if (shape === plain) this.shapes.add(plain);
    const candidate = { ...this.#placeOf(holder, copyIn !== undefined), ids: [id] };
    const found: Finding = {
      ...{ shape, candidate, verdict: judge(candidate), key },
      ...{ isNamed: true, isCopy: copyIn !== undefined, holder, writtenIn, isSettled: false },
    };
    if (holder) {
      holder.named ??= new Map();
      holder.named.set(key, found);
    }
    this.#add(found);
  }

  /** Something that stands where an id is written by hand, and is none. */
  #addNoId({ holder, writtenIn }: Place): void {
    this.#noIds++;
    this.shapes.add(plain);
    const candidate = { ...this.#placeOf(holder, false), ids: [] };
    this.#add({
      ...{ shape: plain, candidate, verdict: judge(candidate), key: undefined },
      ...{ isNamed: true, isCopy: false, holder, writtenIn, isSettled: true },
    });
  }

  /** Of an id that is an object's member the object is told, of one in a list the element. */
  #placeOf(holder: Holder | undefined, isCopy: boolean): { path: Path; attachTo: Path | undefined } {
    const attachTo = holder && this.#pathOf(holder);
    const isMember = attachTo !== undefined && this.#steps.length === attachTo.length + 1;
    return { path: attachTo && (isMember || isCopy) ? attachTo : this.#steps.slice(), attachTo };
  }

  /**
   * What is written by hand says so little that anything else in there beats what is no id; of two the outer
   * is meant, unless only the inner one has an id.
   */
  #preferWritten(before: number, owner: object): void {
    if (this.#noIds === 0) return;
    const found = this.findings.slice(before);
    const isOwn = ({ writtenIn }: Finding) => writtenIn === owner;
    const hasOwnId = found.some((one) => isOwn(one) && !isNoId(one));
    const isBeaten = hasOwnId || found.some(isTelling);
    this.#keep(
      before,
      found.filter((one) => !isNoId(one) || !isBeaten || isOwn(one) === hasOwnId),
    );
  }

  #add(finding: Finding): void {
    if (this.findings.length >= MOST_ALERTS) throw tooManyAlerts();
    if (isLong(finding.candidate.path)) throw tooLongNames();
    this.findings.push(finding);
  }

  /** Replaces what was found since `before`. */
  #keep(before: number, findings: readonly Finding[]): void {
    this.findings.length = before;
    for (const finding of findings) this.findings.push(finding);
  }

  /** Where a holder stands that the walk is in. */
  #pathOf(holder: Holder): Path {
    holder.path ??= this.#steps.slice(0, holder.depth);
    return holder.path;
  }
}

/** Our own member, which is replaced as a whole, and a name that no tool writes and attacks do. */
const NOT_SEARCHED: ReadonlySet<string> = new Set([RELATED_IPS, '__proto__']);

/** Members that hold what people write by hand. */
const WRITTEN: ReadonlySet<string> = new Set(['alertId', 'alertIds', 'id']);

/** Members whose JSON text shapes read; large ones are read before, with pauses. */
const TEXTS_OF_SHAPES = ['rawJSON'];

function hasId({ key }: Finding): boolean {
  return key !== undefined;
}

/** Where the IPs of a document go; undefined for an alert that is one of the object's list. */
function placeOfDocument(found: Finding | undefined, depth: number): Path | undefined {
  const attachTo = found?.candidate.attachTo;
  return attachTo?.slice(depth).some((step) => typeof step === 'number') ? undefined : attachTo;
}

/** In a pair such as `{"name": "alertId", "value": "…"}` the name over the value. */
function nameInPair(value: JsonObject): string | undefined {
  if (member(value, 'value') === undefined && member(value, 'Value') === undefined) return undefined;
  for (const spelling of ['name', 'Name', 'key', 'Key', 'field']) {
    const name = member(value, spelling);
    if (typeof name === 'string') return name;
  }
  return undefined;
}

function isValueName(name: string): boolean {
  return name === 'value' || name === 'Value';
}

function isString(value: unknown): boolean {
  return typeof value === 'string';
}

/** Whether a value can hold an alert, or be its id. */
function canHold(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null);
}

function lessAWrapper(known: Place['known']): Place['known'] {
  return known && known.wrappers > 0 ? { ...known, wrappers: known.wrappers - 1 } : undefined;
}

function lessAList(known: Place['known']): Place['known'] {
  return known && known.lists > 0 ? { ...known, lists: known.lists - 1 } : undefined;
}

function tooManyAlerts(): RequestError {
  return new RequestError(
    'invalid-body',
    `The payload names alerts in more than ${MOST_ALERTS} places, which is what one post takes. Split it.`,
  );
}

function tooLongNames(): RequestError {
  return new RequestError(
    'invalid-body',
    `The names of the members around an alert have more than ${LONGEST_POINTER} characters. Post the alert by itself.`,
  );
}
