import type { InvocationContext } from '@azure/functions';
import type { App } from '../shared/app/app.js';
import { sweepRules } from '../shared/app/state.js';
import { failureWithoutStack, loggedFault } from '../shared/base/errors.js';
import { type Message, readMessage } from '../shared/queue-work/message.js';
import { sweep, sweepAll } from '../shared/storage/sweep.js';

/** An app that stores something, which is what the background works on. */
export type StoringApp = App & { [part in 'shared' | 'jobs' | 'deliveries']: NonNullable<App[part]> };

/** The app, if it stores something. */
export function whereStored(app: App): StoringApp | undefined {
  const { shared, jobs, deliveries } = app;
  return shared && jobs && deliveries && { ...app, shared, jobs, deliveries };
}

/** A trigger's handler; the input is the queue's entry, or the timer's. */
export type Background = (app: StoringApp, input: unknown, context: BackgroundContext) => Promise<void>;

/** Where lines of the log go, and what is known of a message. */
export type BackgroundContext = Pick<InvocationContext, 'info' | 'error' | 'triggerMetadata'>;

/** What waits in a queue, as events are named after it. */
type Waiting = 'job' | 'delivery';

const PLURAL: Readonly<Record<Waiting, string>> = { job: 'jobs', delivery: 'deliveries' };

/**
 * Does what a message says: one slice of work on a job, or one attempt of a delivery. The word that it comes
 * to is logged. `dequeueCount` is how often the message has been handed over, this time included.
 */
function works(
  waiting: Waiting,
  work: (app: StoringApp, message: Message, dequeueCount: number) => Promise<string>,
): Background {
  return async (app, entry, context) => {
    const message = readMessage(entry);
    if (!message) return reportForeign(app, waiting);
    const dequeueCount = Number(context.triggerMetadata?.dequeueCount) || 1;
    const worked = await reported(waiting, message, context, () => work(app, message, dequeueCount));
    context.info(JSON.stringify({ event: `${waiting}-worked`, ...message, worked }));
  };
}

/** Ends that of which the host has delivered the message too often, and has put it into the poison queue. */
function givesUp(waiting: Waiting, giveUp: (app: StoringApp, message: Message) => Promise<void>): Background {
  return async (app, entry, context) => {
    const message = readMessage(entry);
    if (!message) return reportForeign(app, waiting);
    await reported(waiting, message, context, () => giveUp(app, message));
  };
}

export const workOnJob = works('job', ({ jobs }, message, dequeueCount) => jobs.work(message, dequeueCount));
export const giveUpJob = givesUp('job', ({ jobs }, message) => jobs.giveUp(message));
export const workOnDelivery = works('delivery', ({ deliveries }, message) => deliveries.work(message));
export const giveUpDelivery = givesUp('delivery', ({ deliveries }, message) => deliveries.giveUp(message));

function reportForeign({ report }: StoringApp, waiting: Waiting): void {
  report({
    event: `${waiting}-message-foreign`,
    detail: `The queue of ${PLURAL[waiting]} held a message that this app has not written. It was dropped. Find out what writes there.`,
  });
}

/**
 * The host counts a failure and logs what it gets of it: so we log what may be logged, and give it no more.
 */
async function reported<T>(
  waiting: Waiting,
  message: Message,
  context: BackgroundContext,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    context.error(JSON.stringify({ event: `${waiting}-fault`, ...message, ...loggedFault(error) }));
    throw failureWithoutStack(`The work on the ${waiting} ${message.id} failed.`);
  }
}

/**
 * For each part of the sweep, all together less than `functionTimeout` in host.json: the next day does the
 * rest.
 */
const LONGEST_SWEEP_MS = 60_000;

/**
 * Sends a message for each delivery and job that has been without one for a day, and deletes what has
 * expired, which keeps the account from filling up.
 */
export const sweepExpired: Background = async ({ clock, deliveries, jobs, shared }, _timer, context) => {
  const { store } = shared;
  const { failure, ...swept } = await sweepAll([
    () => deliveries.sweep(LONGEST_SWEEP_MS),
    () => jobs.sweep(LONGEST_SWEEP_MS),
    () => sweep(store, clock, sweepRules(shared), LONGEST_SWEEP_MS),
  ]);
  context.info(JSON.stringify({ event: 'swept', ...swept }));
  if (failure === undefined) return;
  context.error(JSON.stringify({ event: 'sweep-fault', ...loggedFault(failure) }));
  throw failureWithoutStack('A part of the sweep failed. The next one makes up for it.');
};
