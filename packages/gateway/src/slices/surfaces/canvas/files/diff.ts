/** The difference of two texts, line by line, in the form that people and models know from `diff -u`. */

/** The most lines of a changed region that are compared one by one. */
const MAX_LINES = 1_000;
const CONTEXT = 3;

interface Line {
  readonly sign: " " | "-" | "+";
  readonly text: string;
}

/** The changes from `before` to `after`; "" when there are none. At most `maxChars` long, and says so when it is cut. */
export function diffOf(before: string, after: string, maxChars: number): string {
  const hunks = hunksOf(linesBetween(splitLines(before), splitLines(after)));
  const text = hunks.join("\n");
  if (text.length <= maxChars) return text;
  return `${text.slice(0, text.lastIndexOf("\n", maxChars)).toWellFormed()}\n… the difference is longer; read the file`;
}

function splitLines(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** What is equal at both ends needs no comparison. */
function linesBetween(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  const shorter = Math.min(before.length, after.length);
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const same = (text: string): Line => ({ sign: " ", text });
  return [
    ...before.slice(0, start).map(same),
    ...compared(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

/** By the longest common subsequence; a region that is too long is replaced as a whole. */
function compared(before: readonly string[], after: readonly string[]): Line[] {
  const removed = (text: string): Line => ({ sign: "-", text });
  const added = (text: string): Line => ({ sign: "+", text });
  if (before.length === 0 || after.length === 0 || before.length > MAX_LINES || after.length > MAX_LINES)
    return [...before.map(removed), ...after.map(added)];
  const width = after.length + 1;
  const common = new Uint16Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const here = i * width + j;
      common[here] =
        before[i] === after[j] ? common[here + width + 1]! + 1 : Math.max(common[here + width]!, common[here + 1]!);
    }
  }
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const here = i * width + j;
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ sign: " ", text: before[i]! });
      i++;
      j++;
    } else if (i < before.length && (j === after.length || common[here + width]! >= common[here + 1]!)) {
      lines.push(removed(before[i++]!));
    } else lines.push(added(after[j++]!));
  }
  return lines;
}

/** The changed regions with three lines around each. */
function hunksOf(lines: readonly Line[]): string[] {
  const hunks: string[] = [];
  const starts = numbered(lines);
  let at = 0;
  while (at < lines.length) {
    const first = lines.findIndex(({ sign }, index) => index >= at && sign !== " ");
    if (first < 0) break;
    let last = first;
    for (let next = first; next < lines.length && next - last <= 2 * CONTEXT; next++)
      if (lines[next]!.sign !== " ") last = next;
    const [from, to] = [Math.max(at, first - CONTEXT), Math.min(lines.length, last + CONTEXT + 1)];
    const shown = lines.slice(from, to);
    const count = (sign: Line["sign"]) => shown.filter((line) => line.sign === " " || line.sign === sign).length;
    const { before, after } = starts[from]!;
    const head = `@@ -${before},${count("-")} +${after},${count("+")} @@`;
    hunks.push([head, ...shown.map(({ sign, text }) => `${sign}${text}`)].join("\n"));
    at = to;
  }
  return hunks;
}

/** The numbers of each line in both texts. */
function numbered(lines: readonly Line[]): { before: number; after: number }[] {
  let before = 1;
  let after = 1;
  return lines.map(({ sign }) => {
    const here = { before, after };
    if (sign !== "+") before++;
    if (sign !== "-") after++;
    return here;
  });
}
