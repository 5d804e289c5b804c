/**
 * Text as it is shown to people who decide about it: what is shown is what is there. Everything but printable letters,
 * marks, numbers, punctuation, the signs of ASCII, plain spaces and line breaks is spelled out as an escape.
 */

/** Letters and marks that show nothing although Unicode does not call them ignorable: fillers, joiners, blank signs. */
const BLANK = String.raw`\u2800\u2d7f\u{1107f}\u{11f42}\u{13441}\u{13442}\u{16fe4}`;

/** What is shown as it is. A letter carries three marks at most: more of them cover what stands around it. */
const SHOWN = String.raw`(?![\p{DI}${BLANK}])[\p{L}\p{N}](?:(?![\p{DI}${BLANK}])[\p{Mn}\p{Mc}]){0,3}|[\x20-\x7e\n]|(?![\p{DI}${BLANK}])\p{P}`;

const PIECE = new RegExp(String.raw`(${SHOWN})|[\s\S]`, "gu");

/** Whether a text holds anything that is shown as an escape. */
export function hidesSomething(text: string): boolean {
  return visible(text) !== text;
}

/** The text with whatever cannot be seen, or covers something else, spelled out as `\u{…}`. */
export function visible(text: string): string {
  return text.replace(PIECE, (found, shown?: string) => shown ?? `\\u{${found.codePointAt(0)!.toString(16)}}`);
}
