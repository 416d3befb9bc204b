import type { Answer } from '../support/exchange.js';
import { evaluateAll, evaluateWorkflowText, type Functions } from './expressions.js';

/** An action of a workflow definition, as far as our playbook uses them. */
interface Action {
  readonly type: string;
  readonly runAfter?: Readonly<Record<string, readonly string[]>>;
  // biome-ignore lint/suspicious/noExplicitAny: each type has its own
  readonly inputs?: any;
  // biome-ignore lint/suspicious/noExplicitAny: a text for Switch, a tree for If
  readonly expression?: any;
  readonly actions?: Actions;
  readonly else?: { readonly actions: Actions };
  readonly cases?: Readonly<Record<string, { readonly case: unknown; readonly actions: Actions }>>;
  readonly default?: { readonly actions: Actions };
}
type Actions = Readonly<Record<string, Action>>;
type Status = 'Succeeded' | 'Failed' | 'Skipped';

/** What came of a run. */
export interface Run {
  readonly status: 'Succeeded' | 'Failed';
  readonly error: { readonly code: string; readonly message: string } | undefined;
  /** What was sent by connections, in order. */
  readonly sent: readonly {
    readonly method: string;
    readonly path: string;
    readonly body: Readonly<Record<string, unknown>>;
  }[];
}

/** Ends the whole run from within. */
class Terminated {
  readonly status: Run['status'];
  readonly error: Run['error'];
  constructor(status: Run['status'], error: Run['error']) {
    this.status = status;
    this.error = error;
  }
}

/**
 * Runs a workflow definition as Logic Apps does, with the types of actions that our playbook has: one that is not here
 * is an error. Functions evaluate all of their arguments, as Logic Apps' do.
 *
 * @param post sends a Function action's body to the function app, and follows a 202
 */
export async function runWorkflow(
  definition: { readonly actions: Actions },
  trigger: unknown,
  parameters: Readonly<Record<string, unknown>>,
  post: (queries: Readonly<Record<string, string>>, body: unknown) => Promise<Answer | undefined>,
): Promise<Run> {
  // biome-ignore lint/suspicious/noExplicitAny: whatever actions put out
  const outputs = new Map<string, any>();
  const sent: Run['sent'][number][] = [];
  const text = (...args: readonly (() => unknown)[]) => args.map((arg) => arg());
  const functions: Functions = {
    triggerbody: () => trigger,
    parameters: (name) => parameters[String(name?.())],
    outputs: (name) => outputs.get(String(name?.())) ?? null,
    body: (name) => outputs.get(String(name?.()))?.body ?? null,
    coalesce: (...args) => text(...args).find((value) => value !== null && value !== undefined) ?? null,
    equals: (...args) => {
      const [left, right] = text(...args);
      return (left ?? null) === (right ?? null);
    },
    if: (...args) => {
      const [condition, yes, no] = text(...args);
      return condition === true ? yes : no;
    },
    string: (value) => {
      const given = value?.();
      return typeof given === 'string' ? given : JSON.stringify(given ?? '');
    },
    json: (value) => JSON.parse(String(value?.())),
    base64tostring: (value) => Buffer.from(String(value?.()), 'base64').toString(),
    startswith: (...args) => {
      const [whole, start] = text(...args);
      return String(whole).toLowerCase().startsWith(String(start).toLowerCase());
    },
    endswith: (...args) => {
      const [whole, end] = text(...args);
      return String(whole).toLowerCase().endsWith(String(end).toLowerCase());
    },
  };
  const evaluated = (value: unknown) => evaluateAll(value, (one) => evaluateWorkflowText(one, functions));

  async function runAll(actions: Actions): Promise<Status> {
    const done = new Map<string, Status>();
    const waiting = new Map(Object.entries(actions));
    while (waiting.size > 0) {
      const [name, action] =
        [...waiting].find(([, { runAfter = {} }]) =>
          Object.keys(runAfter).every((before) => done.has(before)),
        ) ?? [];
      if (!name || !action)
        throw new Error(`These wait for each other or for nobody: ${[...waiting.keys()]}`);
      waiting.delete(name);
      const mayRun = Object.entries(action.runAfter ?? {}).every(([before, statuses]) =>
        statuses.includes(done.get(before) ?? ''),
      );
      done.set(name, mayRun ? await runOne(name, action) : 'Skipped');
    }
    const isHandled = (name: string) =>
      Object.values(actions).some(({ runAfter = {} }) => runAfter[name]?.includes('Failed'));
    return [...done].some(([name, status]) => status === 'Failed' && !isHandled(name))
      ? 'Failed'
      : 'Succeeded';
  }

  async function runOne(name: string, action: Action): Promise<Status> {
    switch (action.type) {
      case 'Function': {
        const { queries, body, method } = evaluated(action.inputs) as {
          queries: Record<string, string>;
          body: unknown;
          method: string;
        };
        if (method !== 'POST') throw new Error(`A ${method} to a function`);
        const answer = await post(queries, body);
        if (!answer) return 'Failed';
        outputs.set(name, { statusCode: answer.status, headers: answer.headers, body: bodyOf(answer) });
        return answer.status < 400 ? 'Succeeded' : 'Failed';
      }
      case 'Compose':
        outputs.set(name, evaluated(action.inputs));
        return 'Succeeded';
      case 'ApiConnection': {
        const { method, path, body } = evaluated(action.inputs) as Run['sent'][number];
        sent.push({ method, path, body });
        return 'Succeeded';
      }
      case 'If': {
        const isTrue = (action.expression.and as { equals: unknown[] }[]).every(({ equals }) => {
          const [left, right] = evaluated(equals) as unknown[];
          return left === right;
        });
        return runAll((isTrue ? action.actions : action.else?.actions) ?? {});
      }
      case 'Switch': {
        const value = evaluated(action.expression);
        const found = Object.values(action.cases ?? {}).find((one) => one.case === value) ?? action.default;
        return runAll(found?.actions ?? {});
      }
      case 'Terminate': {
        const { runStatus, runError } = evaluated(action.inputs) as {
          runStatus: Run['status'];
          runError?: Run['error'];
        };
        throw new Terminated(runStatus, runError);
      }
      default:
        throw new Error(`An action of the type ${action.type} is not known here.`);
    }
  }

  try {
    return {
      status: (await runAll(definition.actions)) === 'Failed' ? 'Failed' : 'Succeeded',
      error: undefined,
      sent,
    };
  } catch (end) {
    if (end instanceof Terminated) return { status: end.status, error: end.error, sent };
    throw end;
  }
}

/**
 * Text and JSON as they are; other types in base64
 * (https://learn.microsoft.com/azure/logic-apps/logic-apps-content-type). A problem is taken for one of those, which is
 * the harder case for a definition.
 */
function bodyOf({ headers, text, json }: Answer): unknown {
  const type = String(headers['content-type']);
  if (type.startsWith('application/json')) return json;
  if (type.startsWith('text/')) return text;
  return { '$content-type': type, $content: Buffer.from(text).toString('base64') };
}
