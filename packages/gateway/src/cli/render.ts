/** How things look in a terminal: colour, tables, times and sizes. Pure functions; nothing here writes. */

/** Colours and weights; each is the identity where escape codes do not belong. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
  cyan(text: string): string;
}

/** The styles, with escape codes or without. */
export function createStyle(colour: boolean): Style {
  const wrap = (open: number, close: number) => (text: string) =>
    colour && text !== "" ? `\x1b[${open}m${text}\x1b[${close}m` : text;
  return {
    bold: wrap(1, 22),
    dim: wrap(2, 22),
    green: wrap(32, 39),
    yellow: wrap(33, 39),
    red: wrap(31, 39),
    cyan: wrap(36, 39),
  };
}

/** One column of a table; the `flexible` ones give way when the terminal is narrow. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  readonly flexible?: boolean;
  /** Applied after alignment, so that colour never counts as width. */
  readonly paint?: (cell: string, row: number) => string;
}

/**
 * Aligned columns under dim titles, no wider than `width`: flexible cells end in "…" where they must.
 * Cells are made printable: line ends become spaces and terminal controls vanish.
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], look: Look): string {
  const clean = rows.map((row) => row.map((cell) => printable(cell).replace(/\s+/g, " ").trim()));
  const widths = fit(columns, clean, look.width);
  const line = (cells: readonly string[], paint: (cell: string, column: number) => string) =>
    columns
      .map((column, at) => {
        const width = widths[at] ?? 0;
        const cell = cut(cells[at] ?? "", width);
        const gap = " ".repeat(Math.max(0, width - displayWidth(cell)));
        const isLast = at === columns.length - 1 && column.align !== "right";
        if (column.align === "right") return gap + paint(cell, at);
        return paint(cell, at) + (isLast ? "" : gap);
      })
      .join("  ")
      .trimEnd();
  const head = line(
    columns.map(({ title }) => title),
    (cell) => look.style.dim(cell),
  );
  const body = clean.map((row, index) => line(row, (cell, at) => columns[at]?.paint?.(cell, index) ?? cell));
  return [head, ...body].join("\n");
}

/** What a rendering must know of its terminal. */
export interface Look {
  readonly width: number;
  readonly style: Style;
}

/** `name  value` lines with aligned values; undefined values are left out. */
export function facts(pairs: readonly (readonly [name: string, value: string | undefined])[], look: Look): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
  const width = Math.max(...shown.map(([name]) => displayWidth(name)));
  return shown.map(([name, value]) => `${look.style.dim(name.padEnd(width))}  ${value}`).join("\n");
}

/** How long ago, in the largest unit that fits: "just now", "5 min ago", "3 h ago", "2 d ago". */
export function ago(at: number | null | undefined, now = Date.now()): string {
  if (at === null || at === undefined) return "never";
  const ms = now - at;
  return ms < 5_000 ? "just now" : `${duration(ms)} ago`;
}

/** A length of time in its largest unit: "340 ms", "12 s", "5 min", "3 h", "2 d". */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 48 * 3_600_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}

/** Bytes in the largest binary unit: "512 B", "3.4 MB". */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10));
  const value = count / 1024 ** power;
  return `${value >= 10 || power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** Text from outside without terminal controls; tabs and line ends stay. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point
  return text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");
}

/** Columns a text takes on a terminal: East Asian wide characters and emoji take two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{Mark}|\u200d|\ufe0f/u.test(character)) continue;
    width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]|\p{Emoji_Presentation}/u;

function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const character of text) {
    used += displayWidth(character);
    if (used > width - 1) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}

function fit(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): number[] {
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...rows.map((row) => displayWidth(row[at] ?? ""))),
  );
  const least = columns.map(({ title, flexible }, at) => (flexible ? Math.max(title.length, 8) : (widths[at] ?? 0)));
  const total = () => widths.reduce((sum, each) => sum + each, 2 * (columns.length - 1));
  while (total() > width) {
    const room = widths.map((each, at) => each - (least[at] ?? 0));
    const widest = room.indexOf(Math.max(...room));
    if ((room[widest] ?? 0) <= 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}
