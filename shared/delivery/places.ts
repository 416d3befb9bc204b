/** Where an app's deliveries are kept, by the app's digest: several apps may share an account. */
export class DeliveryPlaces {
  /** The folder of all that deliveries keep. */
  readonly folder: string;
  /** Their messages; what could not be worked on goes to the queue of this name with `-poison`. */
  readonly queue: string;

  constructor(app: string) {
    this.folder = `deliveries/${app}/`;
    // https://learn.microsoft.com/rest/api/storageservices/naming-queues-and-metadata: at most 63 characters
    this.queue = `alert-ip-deliveries-${app}`;
  }

  get states(): string {
    return `${this.folder}states/`;
  }

  /** What is sent, by the delivery's id; gone once it has been delivered. */
  get bodies(): string {
    return `${this.folder}bodies/`;
  }

  /** Empty blobs that say that a delivery is a dead letter, by its id. */
  get dead(): string {
    return `${this.folder}dead/`;
  }

  /** Which delivery an equal post began, by the post's digest. */
  get same(): string {
    return `${this.folder}same/`;
  }

  state(id: string): string {
    return `${this.states}${id}.json`;
  }

  body(id: string): string {
    return `${this.bodies}${id}`;
  }

  deadLetter(id: string): string {
    return `${this.dead}${id}`;
  }

  /** The delivery that a blob belongs to. */
  idIn(name: string): string {
    return /\/([0-9a-f]{32})(?:\.json)?$/.exec(name)?.[1] ?? '';
  }
}
