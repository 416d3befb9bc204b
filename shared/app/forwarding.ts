import type { Environment } from '../base/environment.js';
import type { Emit } from '../base/telemetry-event.js';
import { DeliveryAtOnce } from '../delivery/at-once.js';
import { withBulkheads } from '../delivery/bulkheads.js';
import { Deliveries } from '../delivery/deliveries.js';
import { DeliveryStore } from '../delivery/delivery-store.js';
import type { Forwarding } from '../delivery/forwarding.js';
import type { Send } from '../delivery/sending.js';
import type { Settings } from './settings.js';
import type { SharedState } from './state.js';

/** Forwarding, and the deliveries behind it where something is stored. */
export interface WiredForwarding {
  readonly forwarding: Forwarding;
  readonly deliveries: Deliveries | undefined;
}

/** Wires the forwarding. */
export function createForwarding(
  shared: SharedState | undefined,
  { destinations }: Settings,
  environment: Environment & { readonly emit: Emit },
  send: Send,
): WiredForwarding {
  const { clock, random } = environment;
  if (!shared) {
    return { forwarding: new DeliveryAtOnce({ clock, random, destinations, send }), deliveries: undefined };
  }
  const { store, large } = shared;
  const { places, queue, poison } = shared.deliveries;
  const deliveries = new Deliveries({
    ...environment,
    queue,
    poison,
    destinations,
    send: withBulkheads(send, clock, random),
    deliveries: new DeliveryStore({ clock, random, store, large, places }),
  });
  return { forwarding: deliveries, deliveries };
}
