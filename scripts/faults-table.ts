import { readdir, readFile } from 'node:fs/promises';

/** Where tests of faults stand, and what breaks there. */
const FOLDERS = {
  'test/faults': 'A request: its caller, Defender, the identity endpoint, the quota, the settings',
  'test/quota': 'The quota that instances share',
  'test/storage': 'The storage that instances share',
  'test/jobs': 'Jobs',
  'test/delivery': 'Forwarding',
} as const;

interface Fault {
  /** Its place in its table; those without a number come last. */
  readonly row: number;
  readonly fault: string;
  readonly expected: string;
  readonly file: string;
}

/**
 * The faults as Markdown tables, one for each folder, made of the names of the tests that show them:
 * `row N: fault → what the caller gets`, in the order of N, or `beyond: …`. What has no test is not in them.
 */
export async function faultsTables(): Promise<string> {
  const tables = Object.entries(FOLDERS).map(async ([folder, title]) => {
    const rows = (await faultsIn(folder)).map(
      ({ fault, expected, file }) => `| ${fault} | ${expected} | [${file}](../${file}) |`,
    );
    return [`### ${title}\n`, '| fault | what happens | shown by |', '|---|---|---|', ...rows, ''].join('\n');
  });
  return (await Promise.all(tables)).join('\n');
}

async function faultsIn(folder: string): Promise<Fault[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.test.ts')).sort();
  const found = files.map(async (name) =>
    namesIn(await readFile(`${folder}/${name}`, 'utf8'), `${folder}/${name}`),
  );
  return (await Promise.all(found)).flat().sort((one, other) => one.row - other.row);
}

function namesIn(source: string, file: string): Fault[] {
  return [...source.matchAll(/\btest\(\s*(['"`])(?:row (\d+)|beyond): ((?:\\.|(?!\1).)*)\1/gs)].map(
    ([, , row, name = '']) => {
      const [fault = '', ...expected] = escapeMarkdown(name).split(' → ');
      return {
        row: row === undefined ? Number.MAX_SAFE_INTEGER : Number(row),
        fault,
        expected: expected.join(' → '),
        file,
      };
    },
  );
}

function escapeMarkdown(name: string): string {
  return name.replaceAll('\\', '').replace(/[|_*<]/g, '\\$&');
}
