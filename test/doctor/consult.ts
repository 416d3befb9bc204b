import type { Answer } from '../support/exchange.js';

interface Entry {
  name: string;
  status: string;
  found: string;
  fix?: string;
}

/** What the doctor says, for tests to look into. */
export interface Consultation {
  readonly answer: Answer;
  /** The worst of all. */
  readonly status: string;
  readonly names: string[];
  /** The one observation of a check. */
  of(name: string): Entry;
  /** The checks that are not `ok`. */
  readonly bad: string[];
}

/** Asks the doctor of a world. */
export async function consult(
  world: { get(path: string): Promise<Answer> },
  query = '',
): Promise<Consultation> {
  const answer = await world.get(`/api/doctor${query}`);
  const checks: Entry[] = answer.json?.checks ?? [];
  return {
    answer,
    status: answer.json?.status,
    names: checks.map(({ name }) => name),
    bad: checks.filter(({ status }) => status !== 'ok').map(({ name, status }) => `${status} ${name}`),
    of(name) {
      const [entry, ...more] = checks.filter((check) => check.name === name);
      if (!entry || more.length > 0)
        throw new Error(`${name} has ${entry ? more.length + 1 : 0} observations`);
      return entry;
    },
  };
}
