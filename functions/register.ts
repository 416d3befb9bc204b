import {
  app,
  type HttpHandler,
  type HttpMethod,
  type HttpRequest,
  type InvocationContext,
} from '@azure/functions';
import type { ParsedSettings } from '../shared/app/settings.js';
import { systemClock as clock } from '../shared/base/clock.js';
import { EnrichmentError, loggedFault } from '../shared/base/errors.js';
import { type DoorOptions, openDoor } from '../shared/http/door.js';
import { upstreamErrorAnswer } from '../shared/http/upstream-form.js';
import { registerHooks } from './hooks.js';
import type { Running } from './running.js';

type Endpoint = readonly [
  name: string,
  methods: readonly HttpMethod[],
  route: string,
  auth: 'function' | 'anonymous',
  answerError?: DoorOptions['answerError'],
];

/**
 * Every endpoint, below `/api/`; what answers there is in running.ts. The host tries routes in this order,
 * whatever is literal in them (docs/guides/operations.md): what could be taken for an `{id}` comes before it.
 * `enrichAlert` is under its own name because the Logic Apps designer offers no others.
 */
export const ENDPOINTS = [
  ['enrichAlert', ['POST', 'OPTIONS'], 'enrichAlert', 'function'],
  ['alertIps', ['GET'], 'alerts/{id}/ips', 'function', upstreamErrorAnswer],
  ['enrichmentStatus', ['GET'], 'enrichments/{id}', 'anonymous'],
  ['deadLetters', ['GET'], 'deliveries', 'function'],
  ['redeliverRange', ['POST'], 'deliveries/redeliver', 'function'],
  ['delivery', ['GET'], 'deliveries/{id}', 'function'],
  ['redeliver', ['POST'], 'deliveries/{id}/redeliver', 'function'],
  ['health', ['GET'], 'health', 'anonymous'],
  ['doctor', ['GET'], 'doctor', 'function'],
  ['openapi', ['GET'], 'openapi.json', 'function'],
  ['swagger', ['GET'], 'swagger.json', 'function'],
  ['docs', ['GET'], 'docs', 'anonymous'],
  ['docsFile', ['GET'], 'docs/{file}', 'anonymous'],
] as const satisfies readonly Endpoint[];

export type EndpointName = (typeof ENDPOINTS)[number][0];

/** Every timer, where something is stored: when it goes off (UTC, seconds first). */
const TIMERS = [['sweep', '0 17 3 * * *']] as const;

export type TimerName = (typeof TIMERS)[number][0];

/** How an endpoint answers errors: in which form, and whether to somebody without a key. */
export function doorOptions([, , , auth, answerError]: Endpoint): DoorOptions {
  return { isOpen: auth === 'anonymous', ...(answerError && { answerError }) };
}

/** Loads the app if it is not loaded yet. A failure is not remembered: whoever asks next tries again. */
export type Load = () => Promise<Running>;

/**
 * Registers every endpoint, also with wrong settings; queues and timers only where something is stored and
 * the settings are right. Else the messages wait. Nothing here needs the app's code: each invocation loads it
 * if need be.
 *
 * @returns what loads the app before anybody needs it
 */
export function registerFunctions(parsed: ParsedSettings, loadApp: Load): Load {
  let running: Running | undefined;
  let loading: Promise<Running> | undefined;
  const load: Load = () => {
    loading ??= loadApp().then(
      (loaded) => {
        running = loaded;
        return loaded;
      },
      (error) => {
        loading = undefined;
        throw error;
      },
    );
    return loading;
  };

  for (const endpoint of ENDPOINTS as readonly (Endpoint & { readonly 0: EndpointName })[]) {
    const [name, methods, route, authLevel] = endpoint;
    const handler: HttpHandler = (request, context) =>
      running
        ? running.answer(name, request, context)
        : load().then(
            (loaded) => loaded.answer(name, request, context),
            (error) => answerNotLoaded(error, doorOptions(endpoint), request, context),
          );
    const ownRoute = route === name ? {} : { route };
    app.http(name, { methods: [...methods], authLevel, ...ownRoute, handler });
  }
  if (!parsed.ok) return load;
  const { settings } = parsed;
  registerHooks(settings, () => loading);
  if (settings.state.storage.kind === 'memory') return load;
  for (const [name, schedule] of TIMERS) {
    app.timer(name, {
      schedule,
      handler: async (timer, context) => (await load()).tick(name, timer, context),
    });
  }
  // The host asks for the functions after these hooks: the last moment at which it can be kept from a queue.
  app.hook.appStart(async () => (await load()).listenToQueues());
  return load;
}

/** What keeps code from being loaded for a moment is a disk or a mount. A choice. */
const LOAD_RETRY_MS = 5_000;

/** The code that answers in other cases is what could not be loaded. */
function answerNotLoaded(
  cause: unknown,
  { answerError }: DoorOptions,
  request: HttpRequest,
  context: InvocationContext,
): ReturnType<HttpHandler> {
  context.error(JSON.stringify({ event: 'app-not-loaded', ...loggedFault(cause) }));
  const outside = { clock, random: Math.random, report: () => {} };
  const refuse = async () => {
    throw new EnrichmentError(
      'app-not-loaded',
      "The app's own code could not be loaded, so nothing was done with this request. The next request tries " +
        'again. If it stays, look up app-not-loaded in the app log, and deploy the package again.',
      { retryAtMs: clock.monotonicMs() + LOAD_RETRY_MS, cause },
    );
  };
  return openDoor({ ok: false, environment: outside, problems: [] }, refuse, answerError)(request, context);
}
