import type { HttpRequest } from '@azure/functions';
import type { Clock } from '../base/clock.js';
import type { Deadline } from '../base/deadline.js';
import { EnrichmentError, RequestError } from '../base/errors.js';
import { inTurns } from '../base/steps.js';
import { parsingJson } from '../payload/json.js';
import { notUtf8 } from '../payload/refusals.js';
import { ByteBudget, type ByteShare } from './byte-budget.js';
import { headersBeside } from './caller-headers.js';
import { checkHeaders } from './content-type.js';

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/** A posted payload. */
export interface Post {
  readonly text: string;
  readonly payload: unknown;
  /** The caller's headers; undefined when they cannot be told from the payload's. */
  readonly headers: HttpRequest['headers'] | undefined;
}

/** What reading a body is bounded by. */
export interface BodyLimits {
  readonly clock: Clock;
  readonly maxBytes: number;
  readonly deadline: Deadline;
  /** Of all bodies under way. */
  readonly budget?: ByteBudget;
}

/**
 * For all bodies that this process is reading. A choice: ten of the largest that are allowed by default, and
 * an eighth of the memory of the smallest instances, since what becomes of a body is several times its size.
 */
const ALL_BODIES_BYTES = 200_000_000;
const ALL_BODIES = new ByteBudget(ALL_BODIES_BYTES);

/**
 * Least rate of a body: so many bytes in each such time. The host's own is 240 bytes/s, after 5 s (Kestrel).
 */
const LEAST_BYTES = 10_000;
const LEAST_EVERY_MS = 10_000;

/** Bodies come and go in seconds. */
const COME_BACK_MS = 5_000;

/**
 * Reads a post whole, whatever its headers say: only when the payload is known, it is known whose they are.
 * @throws {RequestError} 413 when it is too large, 415 when it is not JSON in UTF-8 by its headers, 408 when
 *   it
 *   does not come in time, 400 when it is cut short, or no JSON in UTF-8
 * @throws {EnrichmentError} 503 when other bodies have taken all the room
 */
export async function readPost(request: HttpRequest, limits: BodyLimits): Promise<Post> {
  const bytes = await readBytes(request, limits);
  const read = await parse(bytes);
  const headers = 'fault' in read ? request.headers : headersBeside(request, read.payload);
  if (headers) checkHeaders(headers);
  if ('fault' in read) throw read.fault;
  return { ...read, headers };
}

async function parse(bytes: Buffer): Promise<Omit<Post, 'headers'> | { readonly fault: unknown }> {
  try {
    const text = decode(bytes);
    return { text, payload: await inTurns(parsingJson(text)) };
  } catch (fault) {
    return { fault };
  }
}

function decode(bytes: Buffer): string {
  try {
    return UTF_8.decode(bytes);
  } catch {
    throw notUtf8(bytes);
  }
}

/** The body's bytes. However this ends, nothing of the body is kept after it. */
async function readBytes(request: HttpRequest, limits: BodyLimits): Promise<Buffer> {
  const { clock, maxBytes, deadline, budget = ALL_BODIES } = limits;
  const body = new Body(maxBytes, budget);
  const slow = atLeastRate(clock, body);
  try {
    await deadline.unlessOver(Promise.race([body.readAll(request), slow.tooSlow]));
    return body.bytes(clock.monotonicMs());
  } catch (error) {
    if (error instanceof EnrichmentError && error.kind !== 'deadline-exceeded') throw error;
    if (deadline.signal.aborted) throw tooSlow();
    throw new RequestError('invalid-body', 'The body was cut off on its way. Post it again.');
  } finally {
    slow.stop();
    body.drop();
  }
}

/**
 * A body on its way. What goes beyond a limit is read on and dropped: the caller looks at no answer before it
 * has sent all.
 */
class Body {
  readonly #maxBytes: number;
  readonly #share: ByteShare;
  #chunks: Uint8Array[] | undefined = [];
  /** All that have come, the dropped ones too. */
  arrived = 0;

  constructor(maxBytes: number, budget: ByteBudget) {
    this.#maxBytes = maxBytes;
    this.#share = budget.open();
  }

  async readAll(request: HttpRequest): Promise<void> {
    const reader = request.body?.getReader();
    for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
      const chunk: Uint8Array = read.value;
      this.arrived += chunk.byteLength;
      if (!this.#chunks) continue;
      if (this.arrived <= this.#maxBytes && this.#share.take(chunk.byteLength)) this.#chunks.push(chunk);
      else this.drop();
    }
  }

  bytes(nowMs: number): Buffer {
    if (this.#chunks) return Buffer.concat(this.#chunks);
    throw this.arrived > this.#maxBytes ? tooLarge(this.#maxBytes) : tooManyBodies(nowMs);
  }

  drop(): void {
    this.#chunks = undefined;
    this.#share.close();
  }
}

/** Rejects `tooSlow` when less has come in a while than anybody's connection brings. */
function atLeastRate(clock: Clock, body: Body) {
  let turnOff = () => {};
  const tooSlowly = new Promise<never>((_resolve, reject) => {
    const watch = (before: number) => {
      turnOff = clock.alarm(LEAST_EVERY_MS, () => {
        if (body.arrived - before < LEAST_BYTES) reject(tooSlow());
        else watch(body.arrived);
      });
    };
    watch(0);
  });
  return { tooSlow: tooSlowly, stop: () => turnOff() };
}

function tooSlow(): RequestError {
  return new RequestError(
    'body-timeout',
    'The body did not arrive within the time allowed. Send it at once, or allow a longer wait.',
  );
}

function tooLarge(maxBytes: number): RequestError {
  return new RequestError(
    'body-too-large',
    `The body is larger than ${maxBytes} bytes. Post fewer alerts at once, or raise MAX_BODY_BYTES.`,
  );
}

function tooManyBodies(nowMs: number): EnrichmentError {
  return new EnrichmentError(
    'too-many-bodies',
    'This instance is receiving as many large bodies as it can hold. Post again later, or fewer alerts at once.',
    { retryAtMs: nowMs + COME_BACK_MS },
  );
}
