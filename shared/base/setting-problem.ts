/** A setting that cannot be used. The message says what it wants and never what it holds. */
export interface SettingProblem {
  readonly setting: string;
  readonly message: string;
  /** Which settings mend it, where that is another one than to set this. */
  readonly remedy?: { readonly set?: string; readonly remove?: string };
}
