/** Links that a message has room for. */
import { type Block, type Link, type Run, textBlock } from "./blocks.ts";
import type { Dialect } from "./dialect.ts";

/**
 * Writes links that would take half a message or more as text, "label (address)": that can be divided. `limit` is the
 * shortest message's.
 */
export function withShortLinks(blocks: readonly Block[], dialect: Dialect, limit: number): Block[] {
  return blocks.map((block) => {
    if (block.kind === "fence" || !block.runs.some(({ link }) => link)) return block;
    const { text: _text, runs, kind: _kind, ...options } = block;
    return textBlock(
      runs.flatMap((run, index) => {
        const isTooLong = run.link !== undefined && isLong(run.link, runs, dialect, limit);
        return isTooLong ? written(run, runs[index + 1]?.link !== run.link) : [run];
      }),
      options,
    );
  });
}

/** A run without its link; the last run of a link is followed by the address. */
function written({ link, ...look }: Run, isLast: boolean): Run[] {
  if (!link || !isLast) return [look];
  return [look, { text: " (", styles: [] }, { text: link.url, styles: [], isAddress: true }, { text: ")", styles: [] }];
}

function isLong(link: Link, runs: readonly Run[], dialect: Dialect, limit: number): boolean {
  let label = "";
  for (const run of runs) if (run.link === link) label += run.text;
  const text = dialect.link(dialect.escape(label), link.url);
  return Math.max(dialect.measure({ text, plain: text }), label.length + link.url.length + 3) > limit / 2;
}
