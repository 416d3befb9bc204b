import { Places } from '../queue-work/blob-names.js';

/** Where an app's deliveries are kept. */
export class DeliveryPlaces extends Places {
  constructor(app: string) {
    super('deliveries', app);
  }

  /** What is sent, by the delivery's id; gone once it has been delivered. */
  get bodies(): string {
    return `${this.folder}bodies/`;
  }

  /** Empty blobs that say that a delivery is a dead letter, by its id. */
  get dead(): string {
    return `${this.folder}dead/`;
  }

  body(id: string): string {
    return `${this.bodies}${id}`;
  }

  deadLetter(id: string): string {
    return `${this.dead}${id}`;
  }
}
