/** Where an app's jobs are kept, by the app's digest: several apps may share an account. */
export class JobPlaces {
  /** The folder of all that jobs keep. */
  readonly folder: string;
  /** Its messages; what could not be worked on goes to the queue of this name with `-poison`. */
  readonly queue: string;

  constructor(app: string) {
    this.folder = `jobs/${app}/`;
    // https://learn.microsoft.com/rest/api/storageservices/naming-queues-and-metadata: at most 63 characters
    this.queue = `alert-ip-jobs-${app}`;
  }

  get states(): string {
    return `${this.folder}states/`;
  }

  /** Empty blobs that say that a job runs, by its id. */
  get running(): string {
    return `${this.folder}running/`;
  }

  /** What a job is made of, by its id. */
  get parts(): string {
    return `${this.folder}parts/`;
  }

  /** Which job an equal post began, by the post's digest. */
  get same(): string {
    return `${this.folder}same/`;
  }

  state(id: string): string {
    return `${this.states}${id}.json`;
  }

  payload(id: string): string {
    return `${this.parts}${id}/payload.json`;
  }

  alerts(id: string): string {
    return `${this.parts}${id}/alerts.json`;
  }

  result(id: string): string {
    return `${this.parts}${id}/result`;
  }

  answers(id: string): string {
    return `${this.parts}${id}/answers/`;
  }

  /** The job that a blob belongs to. */
  idIn(name: string): string {
    return /\/([0-9a-f]{32})(?:\/|\.json$|$)/.exec(name.slice(this.folder.length - 1))?.[1] ?? '';
  }
}
