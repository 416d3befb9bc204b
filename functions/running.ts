import {
  app,
  type HttpHandler,
  type HttpRequest,
  type InvocationContext,
  type Timer,
} from '@azure/functions';
import { type App, createApp, type Startup } from '../shared/app/app.js';
import type { ParsedSettings } from '../shared/app/settings.js';
import { warmUp } from '../shared/app/warm-up.js';
import type { StorageError } from '../shared/base/errors.js';
import { door, type Handler, openDoor } from '../shared/http/door.js';
import {
  type Background,
  giveUpDelivery,
  giveUpJob,
  type StoringApp,
  sweepExpired,
  whereStored,
  workOnDelivery,
  workOnJob,
} from './background.js';
import { deadLetters, delivery, redeliver, redeliverRange } from './deliveries.js';
import { alertIps, docs, docsFile, doctor, enrichAlert, health, openApi, swagger } from './endpoints.js';
import { enrichmentStatus } from './enrichmentStatus.js';
import { logWhatNobodyCaught } from './hooks.js';
import { listen, whatForbidsListening } from './listen.js';
import { doorOptions, ENDPOINTS, type EndpointName, type TimerName } from './register.js';

/** The app as its functions call it, once its code is loaded. */
export interface Running {
  /** The app itself; absent where its settings are wrong. */
  readonly app: App | undefined;
  readonly answer: (
    name: EndpointName,
    request: HttpRequest,
    context: InvocationContext,
  ) => ReturnType<HttpHandler>;
  /** Begins what the first request would wait for, if the settings are right. Never rejects. */
  readonly warmUp: () => Promise<void>;
  /** Does what a timer is for. */
  readonly tick: (name: TimerName, timer: Timer, context: InvocationContext) => Promise<void>;
  /** Has the queues worked on: by the host, unless it would end by listening to them. */
  readonly listenToQueues: () => Promise<void>;
}

/** What answers at each endpoint if the settings are right; with wrong ones its door says what is wrong. */
const HANDLERS: Readonly<Record<Exclude<EndpointName, 'doctor'>, Handler>> = {
  enrichAlert,
  alertIps,
  enrichmentStatus,
  deadLetters,
  redeliverRange,
  delivery,
  redeliver,
  health,
  openapi: openApi,
  swagger,
  docs,
  docsFile,
};

const TICKS: Readonly<Record<TimerName, Background>> = { sweep: sweepExpired };

type Queue = [name: string, work: 'jobs' | 'deliveries', queue: 'queue' | 'poisonQueue', handler: Background];

/**
 * Every queue trigger, where something is stored: what kind of work waits, in which queue, and who does it.
 */
const QUEUES: readonly Queue[] = [
  ['jobWorker', 'jobs', 'queue', workOnJob],
  ['jobPoison', 'jobs', 'poisonQueue', giveUpJob],
  ['deliveryWorker', 'deliveries', 'queue', workOnDelivery],
  ['deliveryPoison', 'deliveries', 'poisonQueue', giveUpDelivery],
];

/** Starts the app of this process. */
export function start(parsed: ParsedSettings): Running {
  const startup = createApp(process.env, undefined, parsed);
  logWhatNobodyCaught(startup.environment.report);
  return run(startup);
}

/** Puts the handlers before an app. */
export function run(startup: Startup): Running {
  const handlers = new Map<EndpointName, HttpHandler>();
  for (const endpoint of ENDPOINTS) {
    const [name] = endpoint;
    const handler =
      name === 'doctor'
        ? openDoor(startup, (request) => doctor(startup, request))
        : door(startup, HANDLERS[name], doorOptions(endpoint));
    handlers.set(name, handler);
  }
  const storing = startup.ok ? whereStored(startup.app) : undefined;
  return {
    app: startup.ok ? startup.app : undefined,
    warmUp: async () => {
      if (startup.ok) await warmUp(startup.app);
    },
    answer: (name, request, context) => (handlers.get(name) as HttpHandler)(request, context),
    tick: async (name, timer, context) => {
      if (storing) await TICKS[name](storing, timer, context);
    },
    listenToQueues: async () => {
      if (!storing) return;
      const trouble = await whatForbidsListening(storing);
      if (trouble) listenWithoutHost(storing, trouble);
      else letHostListen(storing);
    },
  };
}

function letHostListen(storing: StoringApp): void {
  const { connection, ...shared } = storing.shared;
  for (const [name, work, queue, handler] of QUEUES) {
    const queueName = shared[work].places[queue];
    app.storageQueue(name, {
      queueName,
      connection,
      handler: (entry, context) => handler(storing, entry, context),
    });
  }
}

function listenWithoutHost(storing: StoringApp, trouble: StorageError): void {
  const { shared, report } = storing;
  report({
    event: 'queues-not-listened',
    detail: `The host was kept from listening to the queues of this app, since it would have ended by it: ${trouble.message} When the storage is well again, this instance works on what waits there by itself; restart the function app then, so that the platform starts instances for it.`,
  });
  const ended = new AbortController();
  app.hook.appTerminate(() => ended.abort());
  for (const [, work, queue, handler] of QUEUES) {
    const { queue: own, poison } = shared[work];
    const listening = queue === 'queue' ? { queue: own, poison } : { queue: poison, poison: undefined };
    void listen(storing, { ...listening, handler }, console, ended.signal);
  }
}
