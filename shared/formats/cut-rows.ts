/**
 * As many rows as fit into `budget` characters, in their order, followed by what `more` says of the rest.
 * Rows are never cut themselves, so that a shortened document is as well-formed as a whole one.
 */
export function cutRows(rows: readonly string[], budget: number, more: (count: number) => string): string {
  const whole = rows.join('');
  if (whole.length <= budget) return whole;
  let used = 0;
  let taken = 0;
  for (const row of rows) {
    // Each row pays for the note that would follow it, so that the note always has its room.
    if (used + row.length + more(rows.length - taken - 1).length > budget) break;
    used += row.length;
    taken += 1;
  }
  return rows.slice(0, taken).join('') + more(rows.length - taken);
}
