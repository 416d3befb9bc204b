import type { HttpRequest } from '@azure/functions';
import type { Options } from '../answers/options.js';
import type { App } from '../app/app.js';
import type { Deadline } from '../base/deadline.js';
import { RequestError } from '../base/errors.js';
import type { Enricher } from '../enrichment/enrich.js';

/**
 * What enriches in the name that the caller wants: the app's own, or that of the user whose bearer
 * token the caller sent.
 * @param headers the caller's; undefined when they cannot be told from the payload's
 * @throws {EnrichmentError} when there is no asking on behalf of that user
 */
export async function enricherFor(
  app: App,
  as: Options['as'],
  headers: HttpRequest['headers'] | undefined,
  deadline: Deadline,
): Promise<Enricher> {
  if (as === 'app') return app;
  if (app.delegation && headers) {
    return app.delegation.users.forCaller(headers.get('authorization'), deadline.signal);
  }
  if (app.delegation) {
    throw new RequestError(
      'invalid-body',
      'The payload has a member "headers" at its top, and the Functions host puts it in the place of the headers of the request, the user\'s token among them. With as=user, post it one level down: {"payload": PAYLOAD}.',
    );
  }
  throw new RequestError(
    'delegation-not-configured',
    'This app cannot ask on behalf of users: DELEGATED_CLIENT_ID is not set (docs/guides/identity.md). Leave as=user away, or ask its operator.',
  );
}
