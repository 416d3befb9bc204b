import { app, type HttpHandler, type HttpMethod } from '@azure/functions';
import type { Startup } from '../shared/app/app.js';
import type { StorageError } from '../shared/base/errors.js';
import { type DoorOptions, door, type Handler, openDoor } from '../shared/http/door.js';
import { upstreamErrorAnswer } from '../shared/http/upstream-form.js';
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
import { registerHooks } from './hooks.js';
import { listen, whatForbidsListening } from './listen.js';

type Endpoint = [name: string, methods: HttpMethod[], route: string, auth: Auth, handler: MakeHandler];
type Auth = 'function' | 'anonymous';
type MakeHandler = (startup: Startup) => HttpHandler;

/** Needs right settings: with wrong ones, it answers what is wrong. */
const answers =
  (handler: Handler, options?: DoorOptions): MakeHandler =>
  (startup) =>
    door(startup, handler, options);
const IN_UPSTREAM_FORM: DoorOptions = { answerError: upstreamErrorAnswer };
const OPEN: DoorOptions = { isOpen: true };

/**
 * Every endpoint, below `/api/`. The host tries routes in this order, whatever is literal in them
 * (docs/operations.md): what could be taken for an `{id}` stands before it. `enrichAlert` is under its own
 * name because the Logic Apps designer offers no others.
 */
export const ENDPOINTS: readonly Endpoint[] = [
  ['enrichAlert', ['POST', 'OPTIONS'], 'enrichAlert', 'function', answers(enrichAlert)],
  ['alertIps', ['GET'], 'alerts/{id}/ips', 'function', answers(alertIps, IN_UPSTREAM_FORM)],
  ['enrichmentStatus', ['GET'], 'enrichments/{id}', 'anonymous', answers(enrichmentStatus, OPEN)],
  ['deadLetters', ['GET'], 'deliveries', 'function', answers(deadLetters)],
  ['redeliverRange', ['POST'], 'deliveries/redeliver', 'function', answers(redeliverRange)],
  ['delivery', ['GET'], 'deliveries/{id}', 'function', answers(delivery)],
  ['redeliver', ['POST'], 'deliveries/{id}/redeliver', 'function', answers(redeliver)],
  ['health', ['GET'], 'health', 'anonymous', answers(health, OPEN)],
  ['doctor', ['GET'], 'doctor', 'function', (startup) => openDoor(startup, (one) => doctor(startup, one))],
  ['openapi', ['GET'], 'openapi.json', 'function', answers(openApi)],
  ['swagger', ['GET'], 'swagger.json', 'function', answers(swagger)],
  ['docs', ['GET'], 'docs', 'anonymous', answers(docs, OPEN)],
  ['docsFile', ['GET'], 'docs/{file}', 'anonymous', answers(docsFile, OPEN)],
];

type Queue = [name: string, work: 'jobs' | 'deliveries', queue: 'queue' | 'poisonQueue', handler: Background];

/** Every queue trigger, where something is stored: what kind of work waits, in which queue, and who does it. */
export const QUEUES: readonly Queue[] = [
  ['jobWorker', 'jobs', 'queue', workOnJob],
  ['jobPoison', 'jobs', 'poisonQueue', giveUpJob],
  ['deliveryWorker', 'deliveries', 'queue', workOnDelivery],
  ['deliveryPoison', 'deliveries', 'poisonQueue', giveUpDelivery],
];

type Timer = [name: string, schedule: string, handler: Background];

/** Every timer, where something is stored: when it goes off (UTC, seconds first), and what is done then. */
export const TIMERS: readonly Timer[] = [['sweep', '0 17 3 * * *', sweepExpired]];

/**
 * Registers them: every endpoint, also with wrong settings; queues and timers only where something is
 * stored and the settings are right. Else the messages wait.
 */
export function registerFunctions(startup: Startup): void {
  for (const [name, methods, route, authLevel, handler] of ENDPOINTS) {
    const ownRoute = route === name ? {} : { route };
    app.http(name, { methods, authLevel, ...ownRoute, handler: handler(startup) });
  }
  if (!startup.ok) return;
  registerHooks(startup.app);
  const storing = whereStored(startup.app);
  if (!storing) return;
  for (const [name, schedule, handler] of TIMERS) {
    app.timer(name, { schedule, handler: (timer, context) => handler(storing, timer, context) });
  }
  // The host asks for the functions after these hooks: the last moment at which it can be kept from a queue.
  app.hook.appStart(async () => {
    const trouble = await whatForbidsListening(storing);
    if (trouble) listenWithoutHost(storing, trouble);
    else letHostListen(storing);
  });
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
