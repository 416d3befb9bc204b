/** The third tab: every operation of the OpenAPI document, with its options and a curl line to copy. */
import { ask, BASE, Refusal, reasonOf } from './client.js';
import { byId, copyButton, make, say } from './dom.js';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description: string;
  readonly schema: { readonly default?: unknown };
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

const status = byId('reference-status');
const operations = byId('operations');

/** Fetches the document, unless it is shown already. */
export async function openReference(): Promise<void> {
  if (operations.childElementCount > 0) return;
  say(status, 'Reading the API description …');
  try {
    const answer = await ask('openapi.json');
    if (!answer.ok) return say(status, await reasonOf(answer), true);
    const { paths } = (await answer.json()) as { paths: Paths };
    const all = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
    );
    operations.replaceChildren(...all.map(({ method, path, operation }) => draw(method, path, operation)));
    say(status, `${all.length} operations. Tools import ${BASE}/openapi.json or ${BASE}/swagger.json.`);
  } catch (error) {
    say(status, error instanceof Refusal ? error.message : 'The answer could not be read.', true);
  }
}

function draw(method: string, path: string, operation: Operation): HTMLElement {
  const { summary, description, parameters = [], responses } = operation;
  const curl = curlOf(method, path, operation);
  return make(
    'details',
    {},
    make('summary', {}, make('code', {}, `${method.toUpperCase()} ${path}`), make('span', {}, summary)),
    description !== undefined && make('p', {}, ...withCode(description)),
    make(
      'div',
      { class: 'fix' },
      make('pre', { tabindex: '0' }, make('code', {}, curl)),
      copyButton('Copy', () => curl),
    ),
    parameters.length > 0 && listOf('Parameters', parameters.map(describe)),
    listOf(
      'Answers',
      Object.entries(responses).map(([code, { description: text }]) => [code, text] as const),
    ),
  );
}

function describe({ name, in: place, required, description, schema }: Parameter): readonly [string, string] {
  const facts = [place, required ? 'required' : '', 'default' in schema ? `default ${schema.default}` : ''];
  return [`${name} (${facts.filter(Boolean).join(', ')})`, description];
}

function listOf(title: string, entries: readonly (readonly [string, string])[]): HTMLElement {
  const list = make('dl');
  for (const [term, text] of entries) {
    list.append(make('dt', {}, make('code', {}, term)), make('dd', {}, ...withCode(text)));
  }
  return make('div', {}, make('h3', {}, title), list);
}

/** A text of the document, in which names are between backticks. */
function withCode(text: string): (Node | string)[] {
  return text.split('`').map((part, index) => (index % 2 === 1 ? make('code', {}, part) : part));
}

/** A command for bash that can be pasted as it is, with the key in a variable. */
function curlOf(method: string, path: string, { security = [], requestBody }: Operation): string {
  const parts = ['curl -s'];
  if (method !== 'get') parts.push(`-X ${method.toUpperCase()}`);
  if (security.length > 0) parts.push('-H "x-functions-key: $KEY"');
  if (requestBody) parts.push("-H 'content-type: application/json' -d @alert.json");
  return `${parts.join(' ')} '${BASE}${path}'`;
}
