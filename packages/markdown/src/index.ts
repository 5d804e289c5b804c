/**
 * Bounds what is read as Markdown. A Markdown parser may need quadratic time for a hostile text, and recurses into
 * nesting. So it gets windows of bounded size, a bounded number of them, and no window that is too dense or too deeply
 * nested.
 */

/** The longest text that is read at once, UTF-16 units. */
const WINDOW = 32 * 1024;

/** How much of a text is read as Markdown at all. What follows is shown as it was written. */
const READ = 8 * WINDOW;

/** The deepest nesting of quotes and lists that is read. */
const DEEPEST = 24;

/** A stretch of text, and how to read it. */
export type Window =
  | { readonly kind: "markdown"; readonly text: string }
  | { readonly kind: "plain"; readonly text: string }
  | { readonly kind: "fence"; readonly text: string; readonly language: string };

/** Cuts a text into stretches, between paragraphs where there are any. */
export function windowsOf(source: string): Window[] {
  const text = readable(source);
  const windows: Window[] = [];
  let at = 0;
  while (at < text.length && at < READ) {
    const { end, fence } = stretch(text, at);
    const part = text.slice(at, end);
    windows.push({ kind: isHarmless(part) ? "markdown" : "plain", text: part });
    at = end;
    if (!fence) continue;
    const inside = restOfFence(text, at, fence);
    windows.push({ kind: "fence", text: inside.text, language: fence.language });
    at = inside.end;
  }
  if (at < text.length) windows.push({ kind: "plain", text: text.slice(at) });
  return windows;
}

/** Characters that control a terminal, but for the tab and the line end. */
const CONTROLS = /(?![\t\n])\p{Cc}/gu;

/** Line ends as "\n", and whole characters only. */
function readable(source: string): string {
  return source.replace(/\r\n?/g, "\n").toWellFormed().replace(CONTROLS, "");
}

interface Fence {
  readonly mark: string;
  readonly language: string;
}

/**
 * Where the window that begins at `start` ends: all of a text that is short enough, else after its last blank line that
 * no fence encloses. A fence too long for a window is returned as `fence`, with `end` after its first line.
 */
function stretch(text: string, start: number): { end: number; fence?: Fence } {
  if (text.length - start <= WINDOW) return { end: text.length };
  const limit = start + WINDOW;
  let fence: (Fence & { readonly at: number; readonly end: number }) | undefined;
  let [lastBlank, lastLine] = [0, 0];
  for (let at = start; at < limit; ) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 || newline >= limit ? limit : newline + 1;
    const line = text.slice(at, end);
    if (fence) {
      if (closes(line, fence)) fence = undefined;
    } else {
      const opened = opening(line);
      if (opened && end < limit) fence = { ...opened, at, end };
      else if (line.trim() === "") lastBlank = end;
    }
    if (end < limit) lastLine = end;
    at = end;
  }
  if (fence && fence.at > start) return { end: fence.at };
  if (fence) return { end: fence.end, fence };
  return { end: lastBlank || lastLine || wholeCharacter(text, limit) };
}

function opening(line: string): Fence | undefined {
  const [, mark, language] = /^ {0,3}(`{3,}|~{3,})[ \t]*([^\s`]*)[^`\n]*\n?$/.exec(line) ?? [];
  return mark === undefined ? undefined : { mark, language: language ?? "" };
}

function closes(line: string, fence: Fence): boolean {
  const mark = line.trim();
  return mark.length >= fence.mark.length && mark === fence.mark[0]?.repeat(mark.length);
}

/** The lines up to the one that closes the fence, or up to the end. */
function restOfFence(text: string, start: number, fence: Fence): { text: string; end: number } {
  for (let at = start; at < text.length; ) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline + 1;
    if (end - at <= WINDOW && closes(text.slice(at, end), fence)) return { text: text.slice(start, at), end };
    at = end;
  }
  return { text: text.slice(start), end: text.length };
}

/** The nearest place at or before `at` that is not within a surrogate pair. */
export function wholeCharacter(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return at > 0 && unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at;
}

const TOO_DEEP = new RegExp(`^(?:[ \\t]*(?:>|(?:[-+*]|\\d{1,9}[.)])[ \\t])){${DEEPEST}}`, "m");
const TOO_FAR_IN = new RegExp(`^[ \\t]{${4 * DEEPEST},}(?:[-+*>]|\\d{1,9}[.)])`, "m");

/**
 * Many marks without a space between them, each of which may open or close any other: parsing them takes quadratic
 * time.
 */
const TOO_DENSE = /(?:[^\s*_~`[\]<]{0,40}[*_~`[\]<]){600}/;

/** A very long word: the parser looks for an address from each of its letters on. */
const TOO_LONG_A_WORD = /[\w.+-]{1000}/;

/** Openings of HTML, lists and tables: the parser searches the end of each, or compares it with all before it. */
const BEGINNINGS: readonly { readonly mark: RegExp; readonly most: number }[] = [
  { mark: /<[!?]/g, most: 100 },
  { mark: /^[ \t]*(?:[-+*]|\d{1,9}[.)])[ \t]/gm, most: 1_000 },
  { mark: /^ {0,3}\|?[ \t]*:?-+:?[ \t]*\|/gm, most: 100 },
];

/** Whether a text of at most one window takes a parser little time, and can be read at all. */
export function isHarmless(text: string): boolean {
  if (text.length > WINDOW) return false;
  if ([TOO_DEEP, TOO_FAR_IN, TOO_DENSE, TOO_LONG_A_WORD].some((pattern) => pattern.test(text))) return false;
  return BEGINNINGS.every(({ mark, most }) => (text.match(mark)?.length ?? 0) <= most);
}
