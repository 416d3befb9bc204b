import { APP_NAME } from '../base/version.js';
import type { DoctorReport, Entry } from './examine.js';

const SUMMARY = {
  ok: 'All is well.',
  warn: 'It works, with warnings.',
  fail: 'It does not work yet. Mend the first failure, and ask again.',
};

/** A report for people: a line for each observation, and below it what mends it. */
export function asText({ status, version, commit, asOf, checks }: DoctorReport): string {
  const head = `${APP_NAME} ${version} (${commit}), ${asOf}`;
  return [head, '', ...checks.flatMap(lines), '', SUMMARY[status], ''].join('\n');
}

function lines({ name, status, found, fix }: Entry): string[] {
  const first = `${status.padEnd(4)}  ${name.padEnd(12)}  ${found}`;
  return fix === undefined ? [first] : [first, `${' '.repeat(20)}→ ${fix}`];
}
