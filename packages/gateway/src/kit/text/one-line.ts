/** Text that somebody chose, as one short line: a name, a title, an emoji. */

/** The signs that frames and quotations are made of. */
export const FRAMING = /[[\]“”"|<>]/g;
const MAX_NAME_CHARS = 64;
/** Control and format characters, halves of characters, and letters that show nothing. */
const UNSEEN = /(?:[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]|\u034f|\u17b4|\u17b5)+/gu;

/** A name, title or emoji that somebody chose, as one short line; "" when nothing of it can be seen. */
export function oneLine(text: string, maxChars = MAX_NAME_CHARS): string {
  const line = text.replace(UNSEEN, " ").replace(/\s+/g, " ").trim();
  if (line.length <= maxChars) return line;
  return `${line
    .slice(0, maxChars - 1)
    .replace(/[\ud800-\udbff]$/, "")
    .trimEnd()}…`;
}

/** What Markdown gives a meaning to. */
const MARKS = /[\\`*_~[\]<]/g;

/** A text of somebody as one line of Markdown that shows it as it is: none of its marks, links or mentions has an effect. */
export function literal(text: string, maxChars = MAX_NAME_CHARS): string {
  return oneLine(text, maxChars).replace(MARKS, "\\$&");
}

/** A name that is in a sentence of ours: one short line, without the signs that frames and quotations are made of. */
export function named(name: string): string {
  return oneLine(name.replace(FRAMING, " "));
}
