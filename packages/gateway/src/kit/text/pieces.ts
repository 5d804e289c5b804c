/** Writes styled text in a dialect. */
import type { FenceBlock, Run, Style, TextBlock } from "./blocks.ts";
import type { Dialect, Rendered, StyleRange } from "./dialect.ts";

/** A rendered text whose ranges are always there. */
export interface Piece extends Rendered {
  readonly ranges: readonly StyleRange[];
}

export const NOTHING: Piece = { text: "", plain: "", ranges: [] };

/** One after the other. */
export function joined(pieces: readonly Piece[]): Piece {
  let [text, plain] = ["", ""];
  const ranges: StyleRange[] = [];
  for (const piece of pieces) {
    for (const range of piece.ranges) ranges.push({ ...range, start: range.start + text.length });
    text += piece.text;
    plain += piece.plain;
  }
  return { text, plain, ranges };
}

/** Plain text, without looks. */
export function plainPiece(text: string, dialect: Dialect): Piece {
  return text === "" ? NOTHING : { text: dialect.escape(text), plain: text, ranges: [] };
}

/** Lines that keep their spaces. */
export function fencePiece(block: FenceBlock, dialect: Dialect): Piece {
  return ranged({ text: dialect.fence(block.text, block.language), plain: block.text, ranges: [] }, "code", dialect);
}

/** A paragraph, an item or a heading; not the quote around it. */
export function textPiece(block: TextBlock, dialect: Dialect): Piece {
  const piece = runsPiece(block.runs.flatMap(lines), dialect);
  if (block.heading === undefined) return piece;
  return ranged({ ...piece, text: dialect.heading(piece.text, block.heading) }, "bold", dialect);
}

/** A quote around what was rendered. */
export function quotePiece(inner: Piece, dialect: Dialect): Piece {
  const text = dialect.quote(inner.text);
  if (inner.ranges.length === 0) return { ...inner, text };
  // No range crosses a line end, so each range moves by the marks of the lines up to its own.
  const mark = dialect.quote("x").length - 1;
  const ranges = inner.ranges.map((range) => {
    const line = inner.text.slice(0, range.start).split("\n").length;
    return { ...range, start: range.start + mark * line };
  });
  return { text, plain: inner.plain, ranges };
}

/** Splits line ends from lines: most platforms do not take a mark across a line end. */
function lines(run: Run): Run[] {
  if ((run.styles.length === 0 && !run.link) || !run.text.includes("\n")) return [run];
  return run.text.split(/(\n)/).map((text) => (text === "\n" ? { text, styles: [] } : { ...run, text }));
}

function runsPiece(runs: readonly Run[], dialect: Dialect): Piece {
  const pieces: Piece[] = [];
  for (let at = 0; at < runs.length; ) {
    const { mark, end } = widestMark(runs, at);
    const group = runs.slice(at, end);
    const beside = { before: runs[at - 1]?.text ?? "", after: runs[end]?.text ?? "" };
    pieces.push(mark === undefined ? leaf(group, dialect) : marked(group, mark, dialect, beside));
    at = end;
  }
  return joined(pieces);
}

type Mark = Style | "link";

/** The mark of the run at `start` that most runs after it share: it goes around the others. */
function widestMark(runs: readonly Run[], start: number): { mark?: Mark; end: number } {
  const first = runs[start];
  let widest: { mark?: Mark; end: number } = { end: start + 1 };
  if (!first) return widest;
  const marks: readonly Mark[] = first.link ? ["link", ...first.styles] : first.styles;
  for (const mark of marks) {
    let end = start + 1;
    // Code is always the innermost.
    while (mark !== "code" && end < runs.length && hasMark(runs[end], mark, first)) end += 1;
    if (!widest.mark || end > widest.end) widest = { mark, end };
  }
  return widest;
}

function hasMark(run: Run | undefined, mark: Mark, first: Run): boolean {
  return mark === "link" ? run?.link === first.link : run?.styles.includes(mark) === true;
}

function leaf(runs: readonly Run[], dialect: Dialect): Piece {
  return joined(
    runs.map((run) =>
      run.isAddress && dialect.address
        ? { text: dialect.address(run.text), plain: run.text, ranges: [] }
        : plainPiece(run.text, dialect),
    ),
  );
}

function marked(
  runs: readonly Run[],
  mark: Mark,
  dialect: Dialect,
  beside: { readonly before: string; readonly after: string },
): Piece {
  if (mark === "link") return linkPiece(runs, dialect);
  if (mark === "code") {
    const plain = runs.map(({ text }) => text).join("");
    return ranged({ text: dialect.code(plain), plain, ranges: [] }, "code", dialect);
  }
  const { before, within, after } = trimmed(runs);
  const inner = runsPiece(
    within.map((run) => ({ ...run, styles: run.styles.filter((style) => style !== mark) })),
    dialect,
  );
  const isShown =
    !dialect.needsGaps || (isGap((beside.before + before).slice(-1)) && isGap((after + beside.after).slice(0, 1)));
  const isMarked = inner.text !== "" && isShown;
  const piece = isMarked ? ranged({ ...inner, text: dialect[mark](inner.text) }, mark, dialect) : inner;
  return joined([plainPiece(before, dialect), piece, plainPiece(after, dialect)]);
}

/** Whether what is beside a mark is no letter; half of a character counts as one. */
function isGap(character: string): boolean {
  return /^[\s\p{P}]?$/u.test(character);
}

function linkPiece(runs: readonly Run[], dialect: Dialect): Piece {
  const url = runs[0]?.link?.url ?? "";
  const label = runsPiece(
    runs.map(({ link: _, ...run }) => run),
    dialect,
  );
  const text = dialect.link(label.text, url);
  return { text, plain: `${label.plain} (${url})`, ranges: text.startsWith(label.text) ? label.ranges : [] };
}

/** Moves spaces out of a mark: most platforms do not read a mark that begins or ends with a space. */
function trimmed(runs: readonly Run[]): { before: string; within: readonly Run[]; after: string } {
  const within = [...runs];
  const first = within[0];
  const before = first && !first.styles.includes("code") ? spaces(first.text, first.text.trimStart()) : "";
  if (first) within[0] = { ...first, text: first.text.slice(before.length) };
  const last = within.at(-1);
  const after = last && !last.styles.includes("code") ? spaces(last.text, last.text.trimEnd()) : "";
  if (last) within[within.length - 1] = { ...last, text: last.text.slice(0, last.text.length - after.length) };
  return { before, within, after };
}

/** The spaces that `trimmed` has removed on one side. */
function spaces(text: string, trimmed: string): string {
  return text.startsWith(trimmed) ? text.slice(trimmed.length) : text.slice(0, text.length - trimmed.length);
}

/** Adds a range over the whole piece, where the dialect styles by ranges. */
function ranged(piece: Piece, style: StyleRange["style"], dialect: Dialect): Piece {
  if (!dialect.hasRanges || piece.text === "") return piece;
  return { ...piece, ranges: [...piece.ranges, { start: 0, length: piece.text.length, style }] };
}
