import { type ErrorKind, KINDS, problemType } from '../base/errors.js';
import type { Answer, Content } from './operation.js';
import { ref } from './schema.js';

/** What any door can answer. */
export const ANY_DOOR: readonly ErrorKind[] = ['settings-wrong', 'app-not-loaded', 'internal-error'];

/** What keeps a lookup from its answer. */
export const LOOKUP: readonly ErrorKind[] = [
  'quota-exhausted',
  'permission-missing',
  'token-refused',
  'request-refused',
  'source-refused',
  'source-retired',
  'answer-unusable',
  'source-refused',
  'source-retired',
  'connection-not-trusted',
  'identity-refused',
  'upstream-unavailable',
  'identity-unavailable',
  'storage-unavailable',
  'app-stopping',
  'deadline-exceeded',
];

/** What keeps a forward from being made while the caller waits. */
export const FORWARD: readonly ErrorKind[] = ['destination-failed', 'destination-timeout'];

/** What keeps a user's token from being exchanged. */
export const DELEGATION: readonly ErrorKind[] = [
  'delegation-not-configured',
  'user-token-missing',
  'user-token-unusable',
  'user-token-expired',
  'user-token-refused',
  'interaction-required',
  'user-token-of-app',
  'consent-missing',
  'delegation-refused',
];

/** The answers that tell of failures of these kinds, by status. */
export function problems(kinds: readonly ErrorKind[]): Record<number, Answer> {
  return byStatus(kinds, (ofStatus) => ({
    'application/problem+json': {
      schema: ref('Problem'),
      examples: Object.fromEntries(ofStatus.map((kind) => [kind, problemExample(kind)])),
    },
  }));
}

/** The same in the upstream's own error form. */
export function upstreamErrors(kinds: readonly ErrorKind[]): Record<number, Answer> {
  return byStatus(kinds, () => ({ 'application/json': { schema: ref('UpstreamError') } }));
}

function byStatus(
  kinds: readonly ErrorKind[],
  contentOf: (ofStatus: readonly ErrorKind[]) => Readonly<Record<string, Content>>,
): Record<number, Answer> {
  const statuses = [...new Set(kinds.map((kind) => KINDS[kind][0]))].sort((one, other) => one - other);
  return Object.fromEntries(
    statuses.map((status) => {
      const ofStatus = kinds.filter((kind) => KINDS[kind][0] === status);
      const description = `${ofStatus.map((kind) => KINDS[kind][1]).join('. ')}.`;
      return [status, { description, headers: headersOf(status), content: contentOf(ofStatus) }];
    }),
  );
}

function headersOf(status: number): NonNullable<Answer['headers']> {
  if (status === 429) return { 'Retry-After': 'always' };
  if (status === 401 || status === 403) return { 'WWW-Authenticate': 'sometimes' };
  return status >= 502 ? { 'Retry-After': 'sometimes' } : {};
}

function problemExample(kind: ErrorKind) {
  const [status, title] = KINDS[kind];
  return {
    summary: title,
    value: {
      type: problemType(kind),
      title,
      status,
      detail: 'What happened, to what, and what to do.',
      requestId: '0b7f4a1e-2c3d-4e5f-8a9b-0c1d2e3f4a5b',
    },
  };
}
