/** One holder's part of a budget. */
export interface ByteShare {
  /** Takes more bytes; whether there was room for them. */
  take(bytes: number): boolean;
  /** Gives all of it back. */
  close(): void;
}

/** A number of bytes that many share. */
export class ByteBudget {
  readonly #most: number;
  #taken = 0;

  constructor(mostBytes: number) {
    this.#most = mostBytes;
  }

  /** Bytes that are taken. */
  get taken(): number {
    return this.#taken;
  }

  open(): ByteShare {
    let own = 0;
    return {
      take: (bytes) => {
        if (this.#taken + bytes > this.#most) return false;
        this.#taken += bytes;
        own += bytes;
        return true;
      },
      close: () => {
        this.#taken -= own;
        own = 0;
      },
    };
  }
}
