import { runWithin } from '../base/deadline.js';
import type { Environment, OperatorAlert } from '../base/environment.js';
import type { SettingProblem } from '../base/setting-reader.js';
import { type Emit, emitNothing } from '../base/telemetry-event.js';
import { currentTrace } from '../base/trace.js';
import type { TelemetrySettings, TelemetryToken } from './connection.js';
import type { openClient, TelemetryClient } from './exporter.js';
import { type Item, itemsOf } from './items.js';

/** Tells what happens to whoever watches the app from outside. */
export interface Telemetry {
  readonly emit: Emit;
  /** Says that an answer has been given: after the first one there is time for what nobody waits for. */
  answered(): void;
  /** Sends what there is, before this process ends. It takes two seconds at the most, and does not reject. */
  close(): Promise<void>;
}

/** Loading keeps the process busy for a tenth of a second; by then the first answer has left it. */
const LOAD_AFTER_MS = 1_000;
/** Kept until it is loaded: some seconds of the busiest traffic, a few megabytes. */
const MOST_KEPT = 10_000;
/** The platform gives a process that it ends a few seconds, and not for this alone. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * When a library that could not be loaded is loaded again, with the next answer: a file that is missing for a
 * moment is back.
 */
const LOAD_AGAIN_AFTER_MS = 60_000;

/**
 * Telemetry as the settings want it; without any, nothing is loaded, kept or sent.
 * @param token where the settings want Microsoft Entra's
 * @param load loads the library
 */
export function createTelemetry(
  settings: TelemetrySettings | undefined,
  environment: Environment,
  token?: TelemetryToken,
  load: LoadClient = () => import('./exporter.js'),
): Telemetry {
  if (settings) return new LateTelemetry(settings, environment, token, load);
  return { emit: emitNothing, answered: () => {}, close: async () => {} };
}

type LoadClient = () => Promise<{ readonly openClient: typeof openClient }>;

/** Keeps what happens, and sends it when the library has been loaded: a cold start is not paid for it. */
class LateTelemetry implements Telemetry {
  readonly #settings: TelemetrySettings;
  readonly #environment: Environment;
  readonly #token: TelemetryToken | undefined;
  readonly #loadClient: LoadClient;
  readonly #wait = new AbortController();
  readonly #kept: Item[] = [];
  #client: TelemetryClient | undefined;
  #loading: Promise<void> | undefined;
  #loadAgainAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    settings: TelemetrySettings,
    environment: Environment,
    token: TelemetryToken | undefined,
    load: LoadClient,
  ) {
    this.#settings = settings;
    this.#environment = environment;
    this.#token = token;
    this.#loadClient = load;
  }

  emit: Emit = (event) => {
    for (const item of itemsOf(event, currentTrace(), this.#environment.clock.epochMs())) {
      if (this.#client) this.#track(item);
      else if (this.#kept.length < MOST_KEPT) this.#kept.push(item);
    }
  };

  answered(): void {
    const { clock } = this.#environment;
    if (this.#loading || clock.monotonicMs() < this.#loadAgainAtMs) return;
    this.#loading = clock
      .sleep(LOAD_AFTER_MS, this.#wait.signal)
      .catch(() => {}) // this process ends: then it is loaded now
      .then(() => this.#load());
  }

  async close(): Promise<void> {
    if (!this.#loading && this.#kept.length === 0) return;
    this.answered();
    this.#wait.abort();
    const tooLong = () => new Error('Telemetry was not taken in time.');
    await runWithin(this.#environment.clock, CLOSE_TIMEOUT_MS, tooLong, async ({ signal }) => {
      await this.#loading;
      await this.#client?.close(signal);
    }).catch(() => {}); // there is nobody left to tell
  }

  async #load(): Promise<void> {
    const loaded = await this.#loadClient().catch((error: unknown) => this.#reportFailure(error));
    if (!loaded) {
      this.#loading = undefined;
      this.#loadAgainAtMs = this.#environment.clock.monotonicMs() + LOAD_AGAIN_AFTER_MS;
      return;
    }
    try {
      this.#client = loaded.openClient(this.#settings, this.#environment, this.#token);
    } catch (error) {
      this.#turnOff(error);
    }
    for (const item of this.#kept.splice(0)) this.#track(item);
  }

  /** Whoever tells something must not fail by it. */
  #track(item: Item): void {
    try {
      this.#client?.track(item);
    } catch (error) {
      this.#turnOff(error);
    }
  }

  #turnOff(error: unknown): void {
    this.#client = { track: () => {}, close: async () => {} };
    this.#reportFailure(error);
  }

  #reportFailure(error: unknown): void {
    const what = (error as Error | undefined)?.name; // never its message, which could hold anything
    this.#environment.report({
      event: 'telemetry-off',
      detail: `The library for telemetry failed (${what}): this instance sends none for now, and all else works. Deploy the package anew; if it stays, report it.`,
    });
  }
}

/** What a wrong setting of telemetry is reported as: the app works without telemetry. */
export function telemetryOff({ setting, message }: SettingProblem): OperatorAlert {
  return {
    event: 'telemetry-off',
    detail: `${setting} ${message}. No telemetry is sent; everything else works. GET /api/doctor has the command.`,
  };
}
