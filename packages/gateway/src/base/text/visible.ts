/**
 * Makes text safe to show to people who decide about it: printable letters, marks, numbers, punctuation, ASCII signs,
 * plain spaces and line breaks stay; everything else is spelled out as an escape.
 */

/** Letters and marks that show nothing although Unicode does not call them ignorable: fillers, joiners, blank signs. */
const BLANK = String.raw`\u2800\u2d7f\u{1107f}\u{11f42}\u{13441}\u{13442}\u{16fe4}`;

/**
 * Characters that are shown as they are. A letter carries three marks at most, because more would cover what stands
 * around it.
 */
const SHOWN = String.raw`(?![\p{DI}${BLANK}])[\p{L}\p{N}](?:(?![\p{DI}${BLANK}])[\p{Mn}\p{Mc}]){0,3}|[\x20-\x7e\n]|(?![\p{DI}${BLANK}])\p{P}`;

const PIECE = new RegExp(String.raw`(${SHOWN})|[\s\S]`, "gu");

/** Whether a text holds anything that is shown as an escape. */
export function hidesSomething(text: string): boolean {
  return visible(text) !== text;
}

/** Spells out what cannot be seen, or covers something else, as `\u{…}`. */
export function visible(text: string): string {
  return text.replace(PIECE, (found, shown?: string) => shown ?? `\\u{${found.codePointAt(0)!.toString(16)}}`);
}
