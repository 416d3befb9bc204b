import { readFile } from 'node:fs/promises';

/** A request that a document shows, and the status that it says is answered. */
export interface DocumentedRequest {
  /** The heading that it stands under. */
  readonly section: string;
  readonly status: number;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

type Wire = Omit<DocumentedRequest, 'section' | 'status'>;

const APP = 'https://APP_NAME.azurewebsites.net';

/**
 * The requests of a Markdown document, from its fenced blocks whose first line ends in a status: "http 200"
 * (as on the wire), "sh 200" (one curl), "json logic-app 200" (an HTTP action).
 * @param triggerBody what stands for `@triggerBody()`
 */
export async function documentedRequests(
  document: string,
  triggerBody: string,
): Promise<DocumentedRequest[]> {
  const text = await readFile(document, 'utf8');
  const blocks = text.matchAll(/^## (.+)$|^```(http|sh|json logic-app) (\d{3})\n([\s\S]*?)^```$/gm);
  let section = '';
  return [...blocks].flatMap(([, heading, kind, status, block = '']) => {
    if (heading !== undefined) section = heading;
    if (kind === undefined) return [];
    const wire =
      kind === 'http' ? fromHttp(block) : kind === 'sh' ? fromCurl(block) : fromAction(block, triggerBody);
    return [{ section, status: Number(status), ...wire }];
  });
}

/** The scripts of a Markdown document that can be run as they are: its fenced blocks of "sh run". */
export async function documentedScripts(document: string): Promise<string[]> {
  const blocks = (await readFile(document, 'utf8')).matchAll(/^```sh run\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, script = '']) => script);
}

function fromHttp(block: string): Wire {
  const [head = '', ...rest] = block.split('\n\n');
  const [line = '', ...headerLines] = head.trim().split('\n');
  const [method = '', path = ''] = line.split(' ');
  const headers = headerLines.map((header) => splitHeader(header));
  const body = rest.join('\n\n').trim();
  return { method, path, headers: Object.fromEntries(headers), body: body || undefined };
}

function fromCurl(block: string): Wire {
  const words = [...block.replaceAll('\\\n', ' ').matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
  const after = (flag: string) => words.flatMap((word, at) => (word === flag ? [words[at + 1] ?? ''] : []));
  const [body] = after('-d');
  const url = words.find((word) => word.startsWith('$APP')) ?? '';
  return {
    method: body === undefined ? 'GET' : 'POST',
    path: url.slice('$APP'.length),
    headers: Object.fromEntries(
      after('-H').map((header) => splitHeader(header.replace('$KEY', 'FUNCTION_KEY'))),
    ),
    body,
  };
}

/** https://learn.microsoft.com/azure/logic-apps/logic-apps-workflow-actions-triggers#http-action */
function fromAction(block: string, triggerBody: string): Wire {
  const { method, uri, queries, headers, body } = JSON.parse(block).inputs;
  if (body !== '@triggerBody()') throw new Error('The action does not send what triggered it.');
  return {
    method,
    path: `${uri.slice(APP.length)}?${new URLSearchParams(queries)}`,
    headers: {
      ...JSON.parse(JSON.stringify(headers).replace("@parameters('functionKey')", 'FUNCTION_KEY')),
      'content-type': 'application/json',
    },
    body: triggerBody,
  };
}

function splitHeader(header: string): [name: string, value: string] {
  const at = header.indexOf(':');
  return [header.slice(0, at).toLowerCase(), header.slice(at + 1).trim()];
}
