import { Places } from '../queue-work/blob-names.js';

/** Where an app's jobs are kept. */
export class JobPlaces extends Places {
  constructor(app: string) {
    super('jobs', app);
  }

  /** Empty blobs that say that a job runs, by its id. */
  get running(): string {
    return `${this.folder}running/`;
  }

  /** What a job is made of, by its id. */
  get parts(): string {
    return `${this.folder}parts/`;
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
}
