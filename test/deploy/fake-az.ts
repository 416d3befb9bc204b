import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import jmespath from 'jmespath';
import { closeServer, listen } from '../../local/loopback.js';

/** What the Azure CLI says and how it ends. */
export interface Said {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly code?: number;
}

/** What the CLI is asked: its words, and its options by their names. */
export interface Asked {
  readonly command: string;
  readonly options: Readonly<Record<string, string>>;
}

/** A request to Microsoft Graph. */
export interface GraphRequest {
  readonly method: string;
  readonly host: string;
  /** Whose token goes along: the real CLI sends it wherever it is told to. */
  readonly tokenFor: string | undefined;
  /** Behind /v1.0/, decoded. */
  readonly path: string;
  readonly body: Readonly<Record<string, string>> | undefined;
}

/** A Graph that answers with a status and JSON. */
export type Graph = (request: GraphRequest) => readonly [status: number, body: unknown];

const WORDS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
};

/**
 * An `az` to put before all others on PATH: each call comes to this process, where `answer` answers the commands and
 * `graph` what `az rest` asks. Its outputs, queries and errors have the form of the real one (seen with 2.45).
 */
export async function startFakeAz(answer: (asked: Asked) => Said | undefined, graph: Graph) {
  const calls: Asked[] = [];
  const requests: GraphRequest[] = [];

  async function run(args: readonly string[]): Promise<Said> {
    const asked = parse(args);
    calls.push(asked);
    if (asked.command !== 'rest') {
      return (
        answer(asked) ?? { stderr: `ERROR: '${asked.command}' is not known to this stand-in.\n`, code: 2 }
      );
    }
    const { method = '', url = '', resource, body, query, output } = asked.options;
    const { origin, pathname, search } = new URL(url);
    const request: GraphRequest = {
      method,
      host: origin,
      tokenFor: resource,
      path: decodeURIComponent(`${pathname}${search}`).replace(/^\/v1\.0\//, ''),
      body: body?.startsWith('@') ? JSON.parse(await readFile(body.slice(1), 'utf8')) : undefined,
    };
    requests.push(request);
    const [status, result] = graph(request);
    if (status >= 400)
      return { stderr: `ERROR: ${WORDS[status] ?? status}(${JSON.stringify(result)})\n`, code: 1 };
    return { stdout: print(query === undefined ? result : jmespath.search(result, query), output) };
  }

  const server = http.createServer(async (request, response) => {
    const args = (await text(request)).split('\0').slice(0, -1);
    const {
      stdout,
      stderr,
      code = 0,
    } = await run(args).catch((error: Error) => ({
      stdout: '',
      stderr: `ERROR: ${error.message}\n`,
      code: 1,
    }));
    response.end(`${code}\n${base64(stdout)}\n${base64(stderr)}\n`);
  });
  const address = await listen(server, 0);
  const folder = await mkdtemp(join(tmpdir(), 'fake-az-'));
  const path = join(folder, 'az');
  await writeFile(path, SCRIPT);
  await chmod(path, 0o755);
  return {
    calls,
    requests,
    /** What a script's environment needs for it. */
    env: { PATH: `${folder}:${process.env.PATH}`, FAKE_AZ: address },
    close: () => closeServer(server),
  };
}

/** Small, since scripts call it often: the arguments go to this process, and three lines come back. */
const SCRIPT = `#!/bin/bash
{ read -r code; read -r out; read -r err; } < <(printf '%s\\0' "$@" | curl -s --data-binary @- "$FAKE_AZ")
base64 -d <<<"$out"
base64 -d <<<"$err" >&2
exit "\${code:-99}"
`;

const base64 = (text = '') => Buffer.from(text).toString('base64');

const SHORT: Readonly<Record<string, string>> = {
  o: 'output',
  g: 'resource-group',
  n: 'name',
  l: 'location',
};
const FLAGS = ['only-show-errors'];

function parse(args: readonly string[]): Asked {
  const words: string[] = [];
  const options: Record<string, string> = {};
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    if (!arg.startsWith('-')) words.push(arg);
    else {
      const name = arg.startsWith('--') ? arg.slice(2) : (SHORT[arg.slice(1)] ?? arg);
      options[name] = FLAGS.includes(name) ? '' : (args[++at] ?? '');
    }
  }
  return { command: words.join(' '), options };
}

/** A list has a line for each of its items; nothing is said of null. */
function print(value: unknown, output = 'json'): string {
  if (value === null || value === undefined) return '';
  if (output !== 'tsv') return `${JSON.stringify(value, null, 2)}\n`;
  return (Array.isArray(value) ? value : [value]).map((item) => `${item}\n`).join('');
}
