/** Something that an operator should know of and that no request can be told. Nothing secret is in it. */
export interface Report {
  /** What kind of thing, in a word to search for. */
  readonly event: string;
  /** A sentence: what happened, to what, and what to do. */
  readonly detail: string;
}

/** Where reports go. It does not throw. */
export type Reporter = (report: Report) => void;
