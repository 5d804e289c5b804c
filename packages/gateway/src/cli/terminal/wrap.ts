/** Breaks lines at words, so that a terminal never breaks them inside. Colour codes take no room. Pure functions. */

import { displayWidth, withoutCodes } from "./display-width.ts";

/** How wide the first line may be, and the others; in columns. */
interface Widths {
  readonly first: number;
  readonly others: number;
}

/** Marks that begin a line; what follows them is where its next lines begin too. */
const HEAD = /^\s*(?:[\u25cf\u2717\u2192\u203a\u2022-] +|\d+\. +)?/;

/** A place for text below this many columns is too narrow to read in. */
const LEAST_COLUMNS = 20;

/** The lines of one paragraph, broken at spaces. A word that is wider than a line stays whole on a line of its own. */
export function wrap(text: string, widths: number | Widths): string[] {
  const { first, others } = typeof widths === "number" ? { first: widths, others: widths } : widths;
  const lines = [""];
  let used = 0;
  for (const word of text.split(" ")) {
    const width = displayWidth(word);
    const isFirst = lines.length === 1;
    if (used > 0 && used + 1 + width > (isFirst ? first : others)) {
      if (word === "") continue;
      lines.push(word);
      used = width;
    } else {
      const isStart = lines.at(-1) === "";
      lines[lines.length - 1] += isStart ? word : ` ${word}`;
      used += width + (isStart ? 0 : 1);
    }
  }
  return lines;
}

/** Every line of `text` that is wider than `width`, broken at words; its next lines begin below its first word. */
export function fold(text: string, width: number): string {
  return text
    .split("\n")
    .map((line) => (displayWidth(line) <= width ? line : foldLine(line, width)))
    .join("\n");
}

function foldLine(line: string, width: number): string {
  const indent = /^ */.exec(line)?.[0] ?? "";
  const hang = hangingIndent(line, width);
  const [first = "", ...others] = wrap(line.slice(indent.length), {
    first: width - indent.length,
    others: width - hang,
  });
  return [indent + first, ...others.map((each) => " ".repeat(hang) + each)].join("\n");
}

function hangingIndent(line: string, width: number): number {
  const head = HEAD.exec(withoutCodes(line))?.[0].length ?? 0;
  return Math.min(head, Math.floor(width / 3));
}

/**
 * Text beside a label of `labelWidth` columns, and below it where the terminal leaves no room beside. `label` is written
 * as it is, so it may be coloured.
 */
export function beside(
  label: string,
  text: string,
  { labelWidth, width }: { readonly labelWidth: number; readonly width: number },
): string {
  const room = width - labelWidth - 2;
  const [firstWord = ""] = text.split(" ", 1);
  const fits = room >= LEAST_COLUMNS && displayWidth(firstWord) <= room;
  const gap = " ".repeat(Math.max(0, labelWidth - displayWidth(label)));
  if (fits) return `${label}${gap}  ${wrapped(text, room, labelWidth + 2)}`.trimEnd();
  const indent = /^ */.exec(label)?.[0].length ?? 0;
  return `${label}\n${" ".repeat(indent + 2)}${wrapped(text, width - indent - 2, indent + 2)}`;
}

function wrapped(text: string, width: number, indent: number): string {
  return text
    .split("\n")
    .flatMap((line) => wrap(line, width))
    .join(`\n${" ".repeat(indent)}`);
}

/** A flag with its value, or a word; what is quoted is part of its word. */
const WORD = /(?:-[\w-]+ (?=[^-|<>]))?(?:'[^']*'|"[^"]*"|[^\s'"])+/g;

/** A command as it can be copied from more than one line: a backslash ends all but the last. Flags stay with their values. */
export function wrapCommand(command: string, width: number): string[] {
  const words = command.match(WORD) ?? [];
  const lines = [""];
  for (const word of words) {
    const line = lines.at(-1) ?? "";
    const isFull = line !== "" && displayWidth(`${line} ${word} \\`) > width;
    if (isFull) lines.push(`  ${word}`);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.map((line, at) => (at === lines.length - 1 ? line : `${line} \\`));
}
