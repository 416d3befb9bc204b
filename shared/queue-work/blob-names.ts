/** Where work that is put off is kept, by the app's digest: several apps may share an account. */
export class Places {
  /** The folder of all that is kept of it. */
  readonly folder: string;
  /** Its messages. */
  readonly queue: string;

  constructor(kind: 'jobs' | 'deliveries', app: string) {
    this.folder = `${kind}/${app}/`;
    // https://learn.microsoft.com/rest/api/storageservices/naming-queues-and-metadata: at most 63 characters
    this.queue = `alert-ip-${kind}-${app}`;
  }

  /** Where the host puts messages that it has given up; the name is the host's. */
  get poisonQueue(): string {
    return `${this.queue}-poison`;
  }

  get states(): string {
    return `${this.folder}states/`;
  }

  /** What an equal post began, by the post's digest. */
  get same(): string {
    return `${this.folder}same/`;
  }

  /** States that could not be read, as they were. */
  get setAside(): string {
    return `${this.folder}set-aside/`;
  }

  state(id: string): string {
    return `${this.states}${id}.json`;
  }

  /** Whose a blob is. */
  idIn(name: string): string {
    return /\/([0-9a-f]{32})(?:\/|\.json$|$)/.exec(name.slice(this.folder.length - 1))?.[1] ?? '';
  }
}
