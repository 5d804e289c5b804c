/**
 * Rich text in the form that messages are made of: flat blocks of styled runs. A list item, a paragraph of a quote and
 * a heading are each one block, so a message may end after any of them, and in any of them.
 */

/** How a run looks. */
export type Style = "bold" | "italic" | "strike" | "code";

/** A link with an address that a platform can open; one object for all runs of its label. */
export interface Link {
  readonly url: string;
}

/** A piece of plain text that looks the same throughout. */
export interface Run {
  readonly text: string;
  readonly styles: readonly Style[];
  readonly link?: Link | undefined;
  /** A bare address: shown as it is, and not divided where that can be helped. */
  readonly isAddress?: boolean | undefined;
}

/** What is between a block and the one before it in the same message. */
export type Gap = "\n" | "\n\n";

/** Lines of styled text: a paragraph, a heading, an item of a list. */
export interface TextBlock {
  readonly kind: "text";
  readonly gap: Gap;
  /** The plain text of all runs. */
  readonly text: string;
  readonly runs: readonly Run[];
  /** The level, for headings. */
  readonly heading?: number | undefined;
  /** Numbers the quotes; blocks of one quote share a number. */
  readonly quote?: number | undefined;
}

/** Lines that keep their spaces: code, tables. */
export interface FenceBlock {
  readonly kind: "fence";
  readonly gap: Gap;
  readonly text: string;
  readonly language: string;
}

export type Block = TextBlock | FenceBlock;

/** A block of runs; neighbours that look the same become one. */
export function textBlock(runs: readonly Run[], options: Omit<TextBlock, "kind" | "text" | "runs">): TextBlock {
  const joined: Run[] = [];
  for (const run of runs) {
    const last = joined.at(-1);
    if (run.text === "") continue;
    if (last && looksLike(last, run)) joined[joined.length - 1] = { ...last, text: last.text + run.text };
    else joined.push(run);
  }
  return { kind: "text", text: joined.map(({ text }) => text).join(""), runs: joined, ...options };
}

function looksLike(one: Run, other: Run): boolean {
  if (one.link !== other.link || one.isAddress || other.isAddress) return false;
  return one.styles.length === other.styles.length && one.styles.every((style) => other.styles.includes(style));
}
