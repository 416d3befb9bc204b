import { readdir, readFile } from 'node:fs/promises';

/** Where tests of faults stand. */
const FOLDERS = ['test/faults', 'test/storage', 'test/jobs', 'test/delivery'];

interface Fault {
  /** Its number in the list of faults; absent for one that goes beyond the list. */
  readonly row: number | undefined;
  readonly fault: string;
  readonly expected: string;
  readonly file: string;
}

/**
 * The faults as a Markdown table, made of the names of the tests that show them:
 * `row N: fault → what the caller gets`, or `beyond: …`. What has no test is not in the table.
 */
export async function faultsTable(): Promise<string> {
  const faults = (await Promise.all(FOLDERS.map(faultsIn))).flat().sort(byRow);
  const rows = faults.map(
    ({ row, fault, expected, file }) => `| ${row ?? ''} | ${fault} | ${expected} | [${file}](../${file}) |`,
  );
  return ['| # | fault | what happens | shown by |', '|---|---|---|---|', ...rows].join('\n');
}

async function faultsIn(folder: string): Promise<Fault[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.test.ts')).sort();
  const found = files.map(async (name) =>
    namesIn(await readFile(`${folder}/${name}`, 'utf8'), `${folder}/${name}`),
  );
  return (await Promise.all(found)).flat();
}

function namesIn(source: string, file: string): Fault[] {
  return [...source.matchAll(/\btest\(\s*(['"`])(?:row (\d+)|beyond): ((?:\\.|(?!\1).)*)\1/gs)].map(
    ([, , row, name = '']) => {
      const [fault = '', ...expected] = escapeMarkdown(name).split(' → ');
      return {
        row: row === undefined ? undefined : Number(row),
        fault,
        expected: expected.join(' → '),
        file,
      };
    },
  );
}

function byRow(one: Fault, other: Fault): number {
  return (one.row ?? Number.MAX_SAFE_INTEGER) - (other.row ?? Number.MAX_SAFE_INTEGER);
}

function escapeMarkdown(name: string): string {
  return name.replaceAll('\\', '').replace(/[|_*<]/g, '\\$&');
}
