/** Small helpers for the page's own elements. Text is always set as text, never as HTML. */

/** What goes into an element: text, another element, or nothing. */
export type Child = Node | string | undefined | false;

/** The element with this id. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element "${id}".`);
  return found as E;
}

/** Makes an element with attributes and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
  return element;
}

/** A button that copies a text, and says so to everybody, screen readers included. */
export function copyButton(label: string, text: () => string): HTMLButtonElement {
  const button = make('button', { type: 'button', class: 'copy' }, label);
  button.addEventListener('click', async () => {
    const copied = await copy(text());
    button.textContent = copied ? 'Copied' : 'Copying is not allowed here';
    setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });
  button.setAttribute('aria-live', 'polite');
  return button;
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Shows a sentence in a status line, which screen readers announce; `isWrong` colours it. */
export function say(line: HTMLElement, text: string, isWrong = false): void {
  line.textContent = text;
  line.className = isWrong ? 'wrong' : '';
}
