/** What an instance can be told by the process that started it. */
export type Order = 'tell-heap' | 'retire';

/** What it says. */
export type Reply =
  | { readonly kind: 'started'; readonly url: string }
  | { readonly kind: 'heap'; readonly bytes: number };
