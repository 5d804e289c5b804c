// The difference of two texts, line by line. Pure functions.

/** A line that is in both texts, in the new one alone, or in the old one alone. */
export interface DiffLine {
  readonly kind: "same" | "added" | "removed";
  readonly text: string;
}

/** Beyond so many pairs of lines the middle is shown as replaced: looking closer would take the page's time. */
const MOST_PAIRS = 4_000_000;

/** The lines of both texts in order; what changed is shown as removed lines before added ones. */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  let start = 0;
  while (start < Math.min(old.length, now.length) && old[start] === now[start]) start++;
  let end = 0;
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const as = (kind: DiffLine["kind"]) => (text: string) => ({ kind, text });
  return [
    ...old.slice(0, start).map(as("same")),
    ...middle(old.slice(start, old.length - end), now.slice(start, now.length - end)),
    ...old.slice(old.length - end).map(as("same")),
  ];
}

/** Only the changed lines, with so many unchanged lines around them; `undefined` stands for what is left out. */
export function changesOnly(lines: readonly DiffLine[], around = 2): readonly (DiffLine | undefined)[] {
  const isNear = (at: number) =>
    lines.slice(Math.max(0, at - around), at + around + 1).some(({ kind }) => kind !== "same");
  const kept = lines.map((line, at) => (isNear(at) ? line : undefined));
  return kept.filter((line, at) => line !== undefined || (at > 0 && kept[at - 1] !== undefined));
}

/** The longest lines in common stay; everything else is removed or added. */
function middle(old: readonly string[], now: readonly string[]): DiffLine[] {
  const removed = old.map((text) => ({ kind: "removed" as const, text }));
  const added = now.map((text) => ({ kind: "added" as const, text }));
  if (old.length === 0 || now.length === 0 || old.length * now.length > MOST_PAIRS) return [...removed, ...added];
  const width = now.length + 1;
  const common = new Uint32Array((old.length + 1) * width);
  const at = (row: number, column: number) => common[row * width + column] ?? 0;
  for (let row = old.length - 1; row >= 0; row--)
    for (let column = now.length - 1; column >= 0; column--)
      common[row * width + column] =
        old[row] === now[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
  const lines: DiffLine[] = [];
  let [row, column] = [0, 0];
  while (row < old.length || column < now.length) {
    const [was, is] = [old[row], now[column]];
    if (was !== undefined && was === is) {
      lines.push({ kind: "same", text: was });
      row++;
      column++;
    } else if (was !== undefined && (is === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push({ kind: "removed", text: was });
      row++;
    } else {
      lines.push({ kind: "added", text: is ?? "" });
      column++;
    }
  }
  return lines;
}
