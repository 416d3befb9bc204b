import type { HttpRequest } from '@azure/functions';
import type { Options } from '../answers/options.js';
import type { App } from '../app/app.js';
import type { Deadline } from '../base/deadline.js';
import { RequestError } from '../base/errors.js';
import type { Enricher } from '../enrichment/enrich.js';

/**
 * What enriches in the name that the caller wants: the app's own, or that of the user whose bearer
 * token the caller sent.
 * @throws {EnrichmentError} when there is no asking on behalf of that user
 */
export async function enricherFor(
  app: App,
  as: Options['as'],
  headers: HttpRequest['headers'],
  deadline: Deadline,
): Promise<Enricher> {
  if (as === 'app') return app;
  if (app.delegation) return app.delegation.users.forCaller(headers.get('authorization'), deadline.signal);
  throw new RequestError(
    'delegation-not-configured',
    'This app cannot ask on behalf of users: DELEGATED_CLIENT_ID is not set (docs/identity.md). Leave as=user away, or ask its operator.',
  );
}
