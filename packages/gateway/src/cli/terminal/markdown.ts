/**
 * Markdown for a terminal, written as it comes: words are given out as soon as it is certain how they look, broken at the
 * terminal's width. marked reads what is within a line; lines themselves are told apart here, since they stream.
 */

import { isHarmless } from "@moltbot/markdown";
import { Lexer, type Token } from "marked";
import { displayWidth } from "./display-width.ts";
import { printable, type RenderOptions, table } from "./render.ts";

/** A whole text. */
export function renderMarkdown(text: string, look: RenderOptions): string {
  const writer = new MarkdownWriter(look);
  return writer.push(text) + writer.end();
}

/** What begins a line: how it looks, and where the lines after it begin. */
interface Opening {
  readonly shown: string;
  readonly columns: number;
  readonly body: string;
  readonly paint?: (text: string) => string;
}

const FENCE = /^\s*(`{3,}|~{3,})/;
const ROW = /^\s*\|.*\|\s*$/;
const RULE = /^\s*([-*_])(?:\s*\1){2,}\s*$/;
/** Characters that may begin something in a line that is not complete yet. */
const UNCERTAIN = /[*_`[~<\\]/;

/** Takes pieces of Markdown and gives back what can be written. */
export class MarkdownWriter {
  readonly #look: RenderOptions;
  /** What has come of the current line and is not written yet. */
  #rest = "";
  /** The mark that ends the code block that is open. */
  #fence: string | undefined;
  #rows: string[] = [];
  #isBegun = false;
  #column = 0;
  #indent = 0;
  #paint: (text: string) => string = (text) => text;

  constructor(look: RenderOptions) {
    this.#look = look;
  }

  /** Text from outside; terminal controls are removed. */
  push(piece: string): string {
    const lines = (this.#rest + printable(piece)).split("\n");
    this.#rest = lines.pop() ?? "";
    const whole = lines.map((line) => this.#line(line)).join("");
    return whole + this.#begin();
  }

  /** What is left. The text ends without a line end. */
  end(): string {
    const last = this.#rest === "" ? "" : this.#line(this.#rest);
    this.#rest = "";
    const rows = this.#endTable();
    this.#fence = undefined;
    return (last + rows).replace(/\n$/, "");
  }

  /** A line, or what is left of it. */
  #line(text: string): string {
    if (this.#isBegun) return this.#flow(inline(text, this.#look)) + this.#endLine();
    if (this.#fence !== undefined) return this.#code(text);
    if (ROW.test(text)) {
      this.#rows.push(text);
      return "";
    }
    const before = this.#endTable();
    const [, fence] = FENCE.exec(text) ?? [];
    if (fence !== undefined) {
      this.#fence = fence;
      return before;
    }
    if (RULE.test(text)) return `${before}${this.#look.style.dim("─".repeat(Math.min(40, this.#look.width)))}\n`;
    return before + this.#open(text) + this.#endLine();
  }

  #code(text: string): string {
    if (text.trim().startsWith(this.#fence ?? "")) {
      this.#fence = undefined;
      return "";
    }
    return `${this.#look.style.cyan(text)}\n`;
  }

  /** Begins a line of text and writes `text`, which is all of it or a part that is certain. */
  #open(text: string): string {
    const { shown, columns, body, paint = (each: string) => each } = openingOf(text, this.#look);
    this.#isBegun = true;
    this.#indent = columns;
    this.#column = columns;
    this.#paint = paint;
    return shown + this.#flow(inline(body, this.#look));
  }

  #flow(text: string): string {
    let written = "";
    for (const word of text.split(" ")) {
      if (word === "") continue;
      const width = displayWidth(word);
      const isFirst = this.#column === this.#indent;
      const isFull = !isFirst && this.#column + 1 + width > this.#look.width;
      if (isFull) written += `\n${" ".repeat(this.#indent)}`;
      written += (isFirst || isFull ? "" : " ") + this.#paint(word);
      this.#column = (isFull ? this.#indent : this.#column + (isFirst ? 0 : 1)) + width;
    }
    return written;
  }

  #endLine(): string {
    this.#isBegun = false;
    return "\n";
  }

  /** The words of the line that still grows, as far as they are certain. */
  #begin(): string {
    if (this.#fence !== undefined || (!this.#isBegun && !isText(this.#rest))) return "";
    const certain = certainPart(this.#rest);
    if (certain === "") return "";
    this.#rest = this.#rest.slice(certain.length);
    if (this.#isBegun) return this.#flow(inline(certain, this.#look));
    return this.#endTable() + this.#open(certain);
  }

  #endTable(): string {
    const rows = this.#rows.map(cellsOf);
    this.#rows = [];
    const [head, ...others] = rows;
    if (!head) return "";
    const body = others.filter((row) => !row.every((cell) => /^:?-+:?$/.test(cell)));
    const columns = head.map((title) => ({ title: plain(title), flexible: true }));
    return `${table(
      columns,
      body.map((row) => row.map(plain)),
      this.#look,
    )}\n`;
  }
}

/** Whether a line that is not complete can be nothing but text, an item or a heading. */
function isText(line: string): boolean {
  return /^\s*(?:[^\s|`~*_#>\d+-]|[-*+] \S|\d+[.)] \S|#{1,6} \S|> \S|\*\*\S)/.test(line);
}

/** The part of a line up to the last space before what may still become something else. */
function certainPart(line: string): string {
  const whole = line.slice(0, line.lastIndexOf(" ") + 1);
  const head = /^\s*(?:[-*+]|\d+[.)]|#{1,6}|>) /.exec(whole)?.[0] ?? "";
  let end = head.length;
  for (const token of tokensOf(whole.slice(head.length))) {
    const open = token.type === "text" ? UNCERTAIN.exec(token.raw) : null;
    end += open ? open.index : token.raw.length;
    if (open) break;
  }
  const certain = whole.slice(0, end);
  return certain.length <= head.length ? "" : certain.slice(0, certain.lastIndexOf(" ") + 1);
}

function openingOf(line: string, { style }: RenderOptions): Opening {
  const [, indent = "", mark = "", body = ""] =
    /^(\s*)(#{1,6} |[-*+] (?:\[[ xX]\] )?|\d+[.)] |> )?(.*)$/s.exec(line) ?? [];
  const at = indent.length;
  if (mark.startsWith("#")) return { shown: "", columns: 0, body, paint: style.bold };
  if (mark === "> ") return { shown: `${indent}${style.dim("│ ")}`, columns: at + 2, body, paint: style.dim };
  const shown = mark
    .replace(/^[-*+] \[ \]/, "☐")
    .replace(/^[-*+] \[[xX]\]/, "☑")
    .replace(/^[-*+]/, "•");
  return { shown: indent + shown, columns: at + shown.length, body };
}

/** What a line holds. A line that would take the parser long is shown as it was written. */
function tokensOf(line: string): Token[] {
  return isHarmless(line) ? Lexer.lexInline(line) : [{ type: "escape", raw: line, text: line }];
}

function inline(text: string, look: RenderOptions): string {
  return tokensOf(text)
    .map((token) => inlineToken(token, look))
    .join("");
}

function inlineToken(token: Token, look: RenderOptions): string {
  const { style } = look;
  const inner = () => ("tokens" in token ? (token.tokens ?? []).map((each) => inlineToken(each, look)).join("") : "");
  switch (token.type) {
    case "strong":
      return style.bold(inner());
    case "em":
      return style.italic(inner());
    case "codespan":
      return style.cyan(token.text);
    case "link":
      return token.text === token.href ? token.href : `${inner()} ${style.dim(`(${token.href})`)}`;
    case "image":
      return `${token.text} ${style.dim(`(${token.href})`)}`.trim();
    case "del":
      return inner();
    case "br":
      return " ";
    case "escape":
      return token.text;
    default:
      return token.raw;
  }
}

/** A cell's text without any look: its width must be known. */
function plain(cell: string): string {
  return inline(cell, { width: 0, style: NO_STYLE });
}

const same = (text: string) => text;
const NO_STYLE = { bold: same, italic: same, dim: same, green: same, yellow: same, red: same, cyan: same };

function cellsOf(row: string): string[] {
  return row
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.replaceAll("\\|", "|").trim());
}
