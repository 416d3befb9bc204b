/** What an instance can be told by the process that started it. */
export type Order = 'measure' | 'retire';

/** What it says. */
export type Reply =
  | { readonly kind: 'started'; readonly url: string }
  | ({ readonly kind: 'measured' } & Measures);

/** What an instance says of itself. */
export interface Measures {
  /** In use, garbage collected. */
  readonly heapBytes: number;
  readonly bufferBytes: number;
  /** The most processor time that it took between two turns of its event loop since it was asked last. */
  readonly stallMs: number;
}
