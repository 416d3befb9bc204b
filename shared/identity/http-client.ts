import { AsyncLocalStorage } from 'node:async_hooks';
import { createDefaultHttpClient, type HttpClient } from '@azure/core-rest-pipeline';

/** The signal of the attempt in whose course the library makes a request. */
const attemptSignal = new AsyncLocalStorage<AbortSignal>();

const defaultHttpClient = createDefaultHttpClient();

/**
 * The library's own HTTP client, which lets go when its attempt is over. Measured on @azure/identity
 * 4.13.1: neither `abortSignal` nor `requestOptions.timeout` of `getToken` reaches the request, an
 * endpoint that hangs holds the socket for ever, and a failing one is asked again for a minute or as
 * long as its Retry-After says. A request with this signal is cut, and so are the library's waits
 * between requests. One client for all credentials, because the library keeps the one it saw first.
 */
export const abortableHttpClient: HttpClient = {
  sendRequest: (request) => {
    const signal = attemptSignal.getStore();
    if (signal) request.abortSignal = signal;
    return defaultHttpClient.sendRequest(request);
  },
};

let underWay = 0;

/** Runs the library: its requests, made through `abortableHttpClient`, end with the signal. */
export async function attempt<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  underWay += 1;
  try {
    return await attemptSignal.run(signal, run);
  } finally {
    underWay -= 1;
    // Before Node 24 every promise of the process pays for it as long as it is on; `run` turns it on again.
    if (underWay === 0) attemptSignal.disable();
  }
}
