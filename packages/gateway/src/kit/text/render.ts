/** Markdown, as agents write it, into messages, as platforms take them. Loads the Markdown parser: import it when needed. */

import { divide, type MessageLimits } from "./chunk.ts";
import type { Dialect, Rendered } from "./dialect.ts";
import { readMarkdown } from "./markdown.ts";
import { Document } from "./message.ts";
import { withShortLinks } from "./short-links.ts";

/**
 * Renders Markdown in a dialect, as messages of at most the limit by the dialect's measure. Never a blank message: ""
 * gives []. Marks, quotes and code blocks that must be divided are closed and opened again. Takes time in proportion to
 * the text, whatever is in it: of a very long one only the beginning is read as Markdown. Source of limits: each
 * channel's `limits`.
 */
export function renderMarkdown(markdown: string, dialect: Dialect, limits: MessageLimits): Rendered[] {
  const least = Math.min(limits.first ?? limits.rest, limits.rest);
  const blocks = withShortLinks(readMarkdown(markdown), dialect, least);
  return divide(new Document(blocks), dialect, limits).map(({ text, plain, ranges }) =>
    dialect.hasRanges ? { text, plain, ranges } : { text, plain },
  );
}
