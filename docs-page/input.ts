/** What people paste, as the JSON that the app takes. */

/**
 * The body to post. JSON goes as it is, so that numbers and order stay; lines of JSON become a list; anything
 * else counts as ids or links, separated by blanks, commas or semicolons.
 *
 * @returns undefined when there is nothing to post
 */
export function bodyOf(pasted: string): string | undefined {
  const text = pasted.trim();
  if (text === '') return undefined;
  if (isJson(text)) return text;
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length > 1 && /^\s*[{[]/.test(text) && lines.every(isJson)) return `[${lines.join(',')}]`;
  if (/^[{[]/.test(text)) return text; // broken JSON: the app says where
  const ids = text.split(/[\s,;]+/).map((id) => id.replace(/^["'<]+|["'>]+$/g, ''));
  return JSON.stringify(ids.filter((id) => id !== ''));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
