/** Tables as lines of monospaced text. */

export type Align = "left" | "right" | "center";

/** The widest column. Wider cells are not cut, but other cells are not padded to their width. */
const WIDEST_COLUMN = 32;

/** The rows, header first, with their columns aligned. */
export function tableLines(rows: readonly (readonly string[])[], aligns: readonly (Align | null)[]): string {
  const widths = aligns.map((_, column) =>
    rows.reduce((widest, row) => {
      const width = widthOf(row[column] ?? "");
      return width > WIDEST_COLUMN ? widest : Math.max(widest, width);
    }, 1),
  );
  const lines = rows.map((row) =>
    aligns.map((align, column) => filled(row[column] ?? "", widths[column] ?? 1, align ?? "left")).join(" | "),
  );
  const rule = widths.map((width) => "-".repeat(width)).join("-+-");
  return [lines[0] ?? "", rule, ...lines.slice(1)].map((line) => line.trimEnd()).join("\n");
}

function filled(cell: string, width: number, align: Align): string {
  const missing = Math.max(0, width - widthOf(cell));
  const before = align === "left" ? 0 : align === "right" ? missing : Math.floor(missing / 2);
  return " ".repeat(before) + cell + " ".repeat(missing - before);
}

const WIDE = /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/u;
const NO_WIDTH = /\p{Mark}|\p{Default_Ignorable_Code_Point}/u;

/** In columns of a monospaced font: East Asian characters and emoji take two. */
function widthOf(cell: string): number {
  let width = 0;
  for (const character of cell) width += NO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}
