import type { Sender } from './send.js';
import type { Send } from './sending.js';

/** The sender, loaded with the first attempt: a cold start does not pay for it. */
export function sendLazily(sender: Sender): Send {
  let loading: Promise<Send> | undefined;
  return async (...errand) => {
    loading ??= import('./send.js').then(({ createSend }) => createSend(sender));
    return (await loading)(...errand);
  };
}
