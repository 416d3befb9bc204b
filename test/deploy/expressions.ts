/**
 * A small evaluator of the two expression languages that templates hold: Resource Manager's (`[…]`) and that of
 * Logic Apps (`@…`, `@{…}`), which share their grammar. It knows no function by itself; one that its user does not
 * give is an error, so that nothing in a template is taken for granted.
 */

/** Functions by their names in lower case; arguments are evaluated when they are asked for. */
export type Functions = Readonly<Record<string, (...args: readonly (() => unknown)[]) => unknown>>;

/** Evaluates one expression, without brackets or `@`. */
export function evaluate(expression: string, functions: Functions): unknown {
  const parser = new Parser(expression, functions);
  const read = parser.value();
  parser.end();
  return read();
}

/** Every expression in a text of Logic Apps, evaluated; the text as it is, if it has none. */
export function evaluateWorkflowText(text: string, functions: Functions): unknown {
  if (text.startsWith('@@')) return text.slice(1);
  if (text.startsWith('@') && !text.startsWith('@{')) return evaluate(text.slice(1), functions);
  return text.replace(/@\{([^}]*)\}/g, (_all, expression: string) => asText(evaluate(expression, functions)));
}

/** A text of Resource Manager, evaluated if it is an expression. */
export function evaluateTemplateText(text: string, functions: Functions): unknown {
  if (text.startsWith('[[')) return text.slice(1);
  return text.startsWith('[') && text.endsWith(']') ? evaluate(text.slice(1, -1), functions) : text;
}

/** Every text in a value, evaluated. */
export function evaluateAll(value: unknown, text: (text: string) => unknown): unknown {
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return value.map((item) => evaluateAll(item, text));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, evaluateAll(item, text)]));
}

function asText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

type Read = () => unknown;

class Parser {
  readonly #text: string;
  readonly #functions: Functions;
  #at = 0;

  constructor(text: string, functions: Functions) {
    this.#text = text;
    this.#functions = functions;
  }

  value(): Read {
    let read = this.#primary();
    for (;;) {
      const access = this.#match(/^(\??)(?:\.([A-Za-z_$][\w$]*)|\[)/);
      if (!access) return read;
      const [, optional, name] = access;
      const of = read;
      const key: Read = name === undefined ? this.value() : () => name;
      if (name === undefined) this.#expect(/^\s*\]/);
      read = () => member(of(), String(key()), optional === '?', this.#text);
    }
  }

  end(): void {
    this.#expect(/^\s*$/);
  }

  #primary(): Read {
    this.#match(/^\s+/);
    const literal = this.#match(/^'((?:[^']|'')*)'/);
    if (literal) return () => (literal[1] ?? '').replaceAll("''", "'");
    const number = this.#match(/^-?\d+(\.\d+)?/);
    if (number) return () => Number(number[0]);
    const word = this.#match(/^(true|false|null)\b/);
    if (word) return () => JSON.parse(word[0]);
    const [, name = ''] = this.#expect(/^([A-Za-z]\w*)\s*\(/);
    const args: Read[] = [];
    if (!this.#match(/^\s*\)/)) {
      do args.push(this.value());
      while (this.#match(/^\s*,/));
      this.#expect(/^\s*\)/);
    }
    const run = this.#functions[name.toLowerCase()];
    if (!run) throw new Error(`The function ${name} is not known here: ${this.#text}`);
    return () => run(...args);
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    const found = pattern.exec(this.#text.slice(this.#at)) ?? undefined;
    if (found) this.#at += found[0].length;
    return found;
  }

  #expect(pattern: RegExp): RegExpExecArray {
    const found = this.#match(pattern);
    if (!found) throw new Error(`Not understood from "${this.#text.slice(this.#at)}" on: ${this.#text}`);
    return found;
  }
}

function member(of: unknown, key: string, isOptional: boolean, expression: string): unknown {
  const value = (of as Record<string, unknown> | undefined | null)?.[key];
  if (value === undefined && !isOptional) throw new Error(`There is no "${key}" in ${expression}`);
  return value;
}
