/** Finds what somebody meant who mistyped a name. */

/** The candidate that is few edits away from `word`, or undefined when none is close enough to suggest. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  // One or two letters begin too many names: whoever writes --to does not mean --token.
  const isBeginning = (candidate: string) => word.length > 2 && candidate.startsWith(word);
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: isBeginning(candidate) ? 1 : edits(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance <= limit ? best.candidate : undefined;
}

/** The number of letters to insert, remove, replace or swap with a neighbour. */
function edits(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const cost = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      row.push(swapped ? Math.min(cost, rows[i - 2]![j - 2]! + 1) : cost);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
