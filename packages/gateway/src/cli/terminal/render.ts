/** How things look in a terminal: colour, tables, times and sizes. Pure functions; nothing here writes. */

import { displayWidth } from "./display-width.ts";
import { beside, wrap } from "./wrap.ts";

/** Colours and weights; each is the identity where escape codes do not belong. */
export interface Style {
  bold(text: string): string;
  italic(text: string): string;
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
    italic: wrap(3, 23),
    dim: wrap(2, 22),
    green: wrap(32, 39),
    yellow: wrap(33, 39),
    red: wrap(31, 39),
    cyan: wrap(36, 39),
  };
}

/** One column of a table; the `flexible` ones give way when the terminal is narrow, all others are shown whole. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  readonly flexible?: boolean;
  /** Applied after alignment, so that colour never counts as width. */
  readonly paint?: (cell: string, row: number) => string;
}

/**
 * Aligned columns under dim titles, no wider than `width`: flexible cells end in "…" where they must. Where even that is
 * too wide, each row becomes a block with all of its cells. Cells are made printable: line ends become spaces and
 * terminal controls vanish.
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], look: RenderOptions): string {
  const clean = rows.map((row) => row.map((cell) => printable(cell).replace(/\s+/g, " ").trim()));
  const widths = fit(columns, clean, look.width);
  return widths
    ? grid(columns, clean, { widths, look })
    : clean.map((row, at) => block(columns, row, { at, look })).join("\n");
}

function grid(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { widths, look }: { readonly widths: readonly number[]; readonly look: RenderOptions },
): string {
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
  const body = rows.map((row, index) => line(row, (cell, at) => columns[at]?.paint?.(cell, index) ?? cell));
  return [head, ...body].join("\n");
}

/**
 * A row on several lines: what it is called, then each other cell after its title, broken between words. What may be cut
 * in a table takes about a line here.
 */
function block(
  columns: readonly Column[],
  row: readonly string[],
  { at, look }: { readonly at: number; readonly look: RenderOptions },
): string {
  const nameAt = columns.findIndex(({ title }) => title !== "");
  const cells = columns.map(({ title, paint, flexible }, index) => {
    const cell = flexible ? cut(row[index] ?? "", look.width) : (row[index] ?? "");
    const painted = cell === "" ? "" : (paint?.(cell, at) ?? cell);
    return index <= nameAt || title === "" || cell === "" ? painted : `${look.style.dim(title)} ${painted}`;
  });
  const given = (each: string) => each !== "";
  const head = cells.slice(0, nameAt + 1).filter(given);
  const rest = cells.slice(nameAt + 1).filter(given);
  const lines = rest.length === 0 ? [] : wrap(rest.join(look.style.dim(" · ")), look.width - 2);
  return [head.join(" "), ...lines.map((line) => `  ${line}`)].join("\n");
}

/** The abilities of the terminal that a text is rendered for. */
export interface RenderOptions {
  /** Columns that a table may take. */
  readonly width: number;
  /** Columns at which sentences are broken, where that differs: a pipe gets them whole. */
  readonly textWidth?: number;
  readonly style: Style;
}

/** `name  value` lines with aligned values, broken at words where they are long; undefined values are left out. */
export function facts(
  pairs: readonly (readonly [name: string, value: string | undefined])[],
  look: RenderOptions,
): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
  const labelWidth = Math.max(...shown.map(([name]) => displayWidth(name)));
  const room = { labelWidth, width: look.textWidth ?? look.width };
  return shown.map(([name, value]) => beside(look.style.dim(name), value, room)).join("\n");
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

/** Signs that turn the direction of what follows: a name may not rewrite the line that it stands in. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;

/** What terminals take as orders: sequences of escapes, and single control characters. */
const STEERING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point
  /\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** Text from outside without terminal controls and turned text; tabs and line ends stay. */
export function printable(text: string): string {
  return text.replace(TURNING, "").replace(STEERING, "");
}

/** Every code that `createStyle` and the QR codes write. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the codes
const OWN_CODES = /\x1b\[(?:0|[123]|2[23]|3[12369]|30;107)m/;
const ALL_BUT_OWN = new RegExp(`(${OWN_CODES.source})|${STEERING.source}|${TURNING.source}`, "g");

/** A line of ours, in which text from outside may stand: nothing steers the terminal but our own colours. */
export function sanitizeLine(line: string): string {
  return line.replace(ALL_BUT_OWN, (_found, own: string | undefined) => own ?? "");
}

/** Text that ends in "…" where it is wider than `width`: after a word, unless that would leave less than half of it. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const character of text) {
    used += displayWidth(character);
    if (used > width - 1) break;
    kept += character;
  }
  const wordEnd = text[kept.length] === " " ? kept.length : kept.lastIndexOf(" ");
  return `${(wordEnd >= kept.length / 2 ? kept.slice(0, wordEnd) : kept).trimEnd()}…`;
}

/** A flexible column is cut to this many columns, and no further. */
const LEAST_COLUMNS = 16;

/** The width of each column; undefined when the table does not fit. */
function fit(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly number[] | undefined {
  const widths = columns.map(({ title }, at) =>
    Math.max(displayWidth(title), ...rows.map((row) => displayWidth(row[at] ?? ""))),
  );
  const least = columns.map(({ title, flexible }, at) => {
    const natural = widths[at] ?? 0;
    return flexible ? Math.min(natural, Math.max(displayWidth(title), LEAST_COLUMNS)) : natural;
  });
  const total = () => widths.reduce((sum, each) => sum + each, 2 * (columns.length - 1));
  while (total() > width) {
    const room = widths.map((each, at) => each - (least[at] ?? 0));
    const widest = room.indexOf(Math.max(...room));
    if ((room[widest] ?? 0) <= 0) return undefined;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/** JSON that steers no terminal: what `JSON.stringify` leaves of such signs is written as escapes, so nothing is lost. */
export function jsonForTerminals(value: unknown): string {
  const text = JSON.stringify(value, undefined, 2) ?? "null";
  return text.replace(
    /[\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
