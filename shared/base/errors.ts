import { types } from 'node:util';

/**
 * Every kind of failure that a caller can be told of, with the HTTP status it is answered with.
 * The key is the last part of the problem's `type`.
 *
 * 4xx: the caller must change something, a retry cannot help. 429, 503, 504: a retry can help, and
 * `Retry-After` says when. 502: the operator must change something on the upstream's side.
 */
export const KINDS = {
  'unknown-option': [400, 'A query parameter is not known'],
  'invalid-option': [400, "A query parameter's value is not usable"],
  'option-not-available': [400, 'This option is not available'],
  'invalid-body': [400, 'The body is not usable JSON'],
  'delegation-not-configured': [400, 'This app cannot ask on behalf of users'],
  'invalid-alert-id': [400, 'This is not a Defender for Endpoint alert id'],
  'user-token-missing': [401, "The user's token is missing"],
  'user-token-unusable': [401, "The user's token is not for this app"],
  'user-token-expired': [401, "The user's token has expired"],
  'user-token-refused': [401, "The user's token was refused"],
  'interaction-required': [401, 'The user has to sign in again'],
  'user-token-of-app': [403, "The token is an application's and not a user's"],
  'consent-missing': [403, 'Nobody has consented to this app asking Defender for the user'],
  'client-state-wrong': [403, 'The notification is not from where it claims to be'],
  'job-unknown': [404, 'There is no such job'],
  'delivery-unknown': [404, 'There is no such delivery'],
  'body-timeout': [408, 'The body did not arrive in time'],
  'dedupe-reused': [409, 'The dedupe key belongs to another post'],
  'delivery-not-dead': [409, 'The delivery cannot be sent again now'],
  'job-expired': [410, "The job's result has expired"],
  'body-too-large': [413, 'The body is too large'],
  'answer-too-large': [413, 'The answer would be too large'],
  'unsupported-media-type': [415, 'The body is not JSON'],
  'no-alert-found': [422, 'No alert was found in the payload'],
  'quota-exhausted': [429, 'The quota for calls to Defender is used up for now'],
  'internal-error': [500, 'An unexpected error happened'],
  'job-failed': [500, 'The job could not be finished'],
  'permission-missing': [502, 'Defender refused the permission'],
  'token-refused': [502, 'Defender refused the token'],
  'request-refused': [502, 'Defender refused the request'],
  'source-refused': [502, 'The source of IP addresses refused this app'],
  'source-retired': [502, 'The source of IP addresses has been retired'],
  'answer-unusable': [502, "Defender's answer could not be used"],
  'connection-not-trusted': [502, 'The connection to Defender is not trusted'],
  'identity-refused': [502, 'The identity endpoint refused to give a token'],
  'delegation-refused': [502, "Entra refused this app's own part in asking for the user"],
  'destination-failed': [502, 'The destination did not take the alert'],
  'upstream-unavailable': [503, 'Defender is not available'],
  'identity-unavailable': [503, 'The identity endpoint is not available'],
  'storage-unavailable': [503, 'The shared state is not available'],
  'not-looked-up-yet': [503, 'The job has not come to this alert yet'],
  'too-many-bodies': [503, 'Too many large bodies at once'],
  'app-stopping': [503, 'This instance of the app is being stopped'],
  'app-not-loaded': [503, 'The app could not be loaded'],
  'settings-wrong': [503, 'The app is not configured'],
  'deadline-exceeded': [504, 'There was no answer in time'],
  'destination-timeout': [504, 'The destination did not answer in time'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

/** A kind of failure; see the table above. */
export type ErrorKind = keyof typeof KINDS;

/** What an error may carry beside its message. */
export interface ErrorFacts {
  /** When asking again is worth while, on the clock's monotonic reading. Absent: waiting does not help. */
  readonly retryAtMs?: number;
  /** The upstream's own error, kept for support: `target` is the correlation id that Microsoft asks for. */
  readonly upstream?: UpstreamError;
  /** What `WWW-Authenticate` says to a caller who is to come back with another token. */
  readonly challenge?: string;
  readonly cause?: unknown;
}

/** The body of an error as Defender sends it: `{"error":{code,message,target}}`. */
export interface UpstreamError {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
}

/**
 * The one base error. Its message is a sentence for the reader: what happened, to what, what to do.
 * It never holds a token, a key or a part of the payload, so that it may be answered and logged.
 */
export class EnrichmentError extends Error {
  readonly kind: ErrorKind;
  readonly retryAtMs: number | undefined;
  readonly upstream: UpstreamError | undefined;
  readonly challenge: string | undefined;

  constructor(kind: ErrorKind, message: string, facts: ErrorFacts = {}) {
    super(message, { cause: facts.cause });
    this.name = new.target.name;
    this.kind = kind;
    this.retryAtMs = facts.retryAtMs;
    this.upstream = facts.upstream;
    this.challenge = facts.challenge;
  }

  get status(): number {
    return KINDS[this.kind][0];
  }

  get title(): string {
    return KINDS[this.kind][1];
  }
}

/** The caller's request cannot be served as it is. */
export class RequestError extends EnrichmentError {}

/** The quota has no permit before the caller's deadline. */
export class QuotaError extends EnrichmentError {
  constructor(message: string, facts: ErrorFacts & { readonly retryAtMs: number }) {
    super('quota-exhausted', message, facts);
  }
}

/** No access token could be had. */
export class IdentityError extends EnrichmentError {}

/** What keeps a storage account from being used; each is fixed in another place. */
export type StorageTrouble =
  | 'refused'
  | 'no-token'
  | 'unreachable'
  | 'unknown-name'
  | 'untrusted'
  | 'slow'
  | 'other';

/** The storage account that holds the shared state could not be used: nothing is called without it. */
export class StorageError extends EnrichmentError {
  readonly trouble: StorageTrouble;

  constructor(message: string, facts: ErrorFacts & { readonly trouble?: StorageTrouble } = {}) {
    super('storage-unavailable', message, facts);
    this.trouble = facts.trouble ?? 'other';
  }
}

/**
 * A part of the app's own code could not be loaded: the package is damaged, or the disk is failing for a
 * moment.
 */
export class CodeNotLoadedError extends EnrichmentError {
  /** @param does what that part does, as the middle of a sentence */
  constructor(does: string, cause: unknown) {
    const code = (cause as { code?: unknown } | undefined)?.code;
    super(
      'internal-error',
      `The part of the app that ${does} could not be loaded (${typeof code === 'string' ? code : 'no code'}). ` +
        'It is tried again; if it stays, deploy the package again.',
      { cause },
    );
  }
}

/** The caller's time is up. */
export class DeadlineError extends EnrichmentError {
  constructor(message: string, facts: ErrorFacts = {}) {
    super('deadline-exceeded', message, facts);
  }
}

/** A problem document (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly correlationId?: string;
}

/** Whole seconds from `nowMs` until `retryAtMs`, rounded up, at least 1: what `Retry-After` wants. */
export function retryAfterSeconds(retryAtMs: number, nowMs: number): number {
  return Math.max(1, Math.ceil((retryAtMs - nowMs) / 1000));
}

/**
 * Any thrown thing as an EnrichmentError. What is not one of ours becomes an `internal-error` that
 * says nothing of its cause: an unknown message could hold anything.
 */
export function asEnrichmentError(thrown: unknown): EnrichmentError {
  if (thrown instanceof EnrichmentError) return thrown;
  return new EnrichmentError(
    'internal-error',
    'Something failed that should not have. Try again; if it stays, look up this requestId in the app log.',
    { cause: thrown },
  );
}

/** What may be logged of a foreign error: its name and place, because its message could hold anything. */
export function faultOf({ cause }: EnrichmentError): { readonly name?: string; readonly place?: string } {
  if (!types.isNativeError(cause)) return {}; // also of another realm, where `instanceof` says no
  // Of the path only the file's name: folders tell of the machine.
  const place = /\n\s+(at .*)/.exec(cause.stack ?? '')?.[1]?.replace(/(?:file:\/\/)?\/[^\s()]*\//g, '');
  return { name: cause.name, ...(place === undefined ? {} : { place }) };
}

/** A kind of failure as a problem's `type`. */
export function problemType(kind: ErrorKind): string {
  return `urn:problem:alert-ip-enrichment:${kind}`;
}

/** The error that a problem document tells of; undefined where its kind is not known any more. */
export function errorOf({ type, detail }: Problem): EnrichmentError | undefined {
  const kind = Object.keys(KINDS).find((one) => problemType(one as ErrorKind) === type);
  return kind === undefined ? undefined : new EnrichmentError(kind as ErrorKind, detail);
}

/** The one place where an error becomes a problem document. */
export function toProblem(error: EnrichmentError): Problem {
  return {
    type: problemType(error.kind),
    title: error.title,
    status: error.status,
    detail: error.message,
    ...(error.upstream?.target ? { correlationId: error.upstream.target } : {}),
  };
}

/**
 * What may be logged of anything thrown where no request is answered: its kind, and a foreign error's name
 * and place.
 */
export function loggedFault(thrown: unknown): {
  readonly kind: ErrorKind;
  readonly name?: string;
  readonly place?: string;
} {
  const error = asEnrichmentError(thrown);
  return { kind: error.kind, ...faultOf(error) };
}

/** An error that tells the host that something failed, and no more: it logs what it gets, stack and all. */
export function failureWithoutStack(message: string): Error {
  const error = new Error(message);
  error.stack = '';
  return error;
}
