/** Control characters, invisible ones that turn the direction of writing or join, and half surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}]/gu;

/** One line of printable text, at most `most` characters long; what is cut off is told by an ellipsis. */
export function plainText(text: string, most: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const short = line.length > most ? `${line.slice(0, most - 1)}…` : line;
  return short.replace(UNPRINTABLE, '');
}
