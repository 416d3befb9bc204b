import { MOST_AROUND } from './recognise.js';
import { notificationsAt } from './shapes/graph-notification.js';
import { unwrap } from './unwrap.js';

/** Microsoft Graph's change notifications in a payload, through the wrappers that alerts are found in. */
export function* notificationsIn(payload: unknown, most: number = MOST_AROUND): Generator<unknown> {
  const here = notificationsAt(payload);
  yield* here;
  if (here.length > 0 || most === 0) return;
  for (const { value } of unwrap(payload).inner) yield* notificationsIn(value, most - 1);
}
