import { APP_NAME } from '../base/version.js';
import type { DoctorReport, Entry } from './examine.js';

/** A report for people: a line for each observation, and below it what fixes it. */
export function asText({ summary, version, commit, asOf, checks }: DoctorReport): string {
  const head = `${APP_NAME} ${version} (${commit}), ${asOf}`;
  return [head, '', ...checks.flatMap(lines), '', summary, ''].join('\n');
}

function lines({ name, status, found, fix }: Entry): string[] {
  const first = `${status.padEnd(4)}  ${name.padEnd(12)}  ${found}`;
  return fix === undefined ? [first] : [first, `${' '.repeat(20)}→ ${fix}`];
}
