/** What a process under measurement is told to do; it answers each with a `Reply`. */
export type Command =
  /** Becomes the app that is in a folder, as a worker does when Azure assigns it one. */
  | {
      readonly kind: 'assign';
      readonly directory: string;
      readonly settings: Record<string, string>;
      /** Whether its queue triggers listen. */
      readonly listens: boolean;
    }
  | { readonly kind: 'memory' }
  /** Watches the event loop until `stall` is asked. */
  | { readonly kind: 'watch' }
  | { readonly kind: 'stall' }
  /** Parses and writes the JSON of a file, once, and tells how long that took. */
  | { readonly kind: 'json'; readonly file: string };

/** `ready` comes unasked, once a process is up. */
export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'assigned'; readonly url: string }
  | { readonly kind: 'memory'; readonly residentBytes: number }
  | { readonly kind: 'watching' }
  | { readonly kind: 'stall'; readonly ms: number }
  | { readonly kind: 'json'; readonly ms: number }
  | { readonly kind: 'failed'; readonly message: string };
