import type { Environment } from '../base/environment.js';
import type { Emit } from '../base/telemetry-event.js';
import { Deliveries } from '../delivery/deliveries.js';
import { DeliveryStore } from '../delivery/delivery-store.js';
import type { Forwarding } from '../delivery/forwarding.js';
import type { Send } from '../delivery/send.js';
import { SendNow } from '../delivery/send-now.js';
import { SendingSlots } from '../delivery/slots.js';
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
    return { forwarding: new SendNow({ clock, destinations, send }), deliveries: undefined };
  }
  const { store, large } = shared;
  const { places, queue, poison } = shared.deliveries;
  const deliveries = new Deliveries({
    ...environment,
    store,
    places,
    queue,
    poison,
    destinations,
    send,
    slots: new SendingSlots(clock, random),
    deliveries: new DeliveryStore({ clock, random, store, large, places }),
  });
  return { forwarding: deliveries, deliveries };
}
