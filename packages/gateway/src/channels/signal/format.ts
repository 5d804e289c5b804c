/** Signal's rich text: plain text, with styles beside it as ranges. */
import type { Dialect, Rendered, StyleRange } from "../../kit/text/dialect.ts";

const STYLES: Readonly<Record<StyleRange["style"], string>> = {
  bold: "BOLD",
  italic: "ITALIC",
  strike: "STRIKETHROUGH",
  code: "MONOSPACE",
  spoiler: "SPOILER",
};

export const signalText: Dialect = {
  name: "signal",
  hasRanges: true,
  escape: (plain) => plain,
  bold: (inner) => inner,
  italic: (inner) => inner,
  strike: (inner) => inner,
  code: (plain) => plain,
  link: (label, url) => (label === url ? url : `${label} (${url})`),
  heading: (inner) => inner,
  quote: (inner) => inner.replace(/^/gm, "> "),
  fence: (plain) => plain,
  // What fits into a message itself is counted in bytes.
  measure: ({ text }) => Buffer.byteLength(text),
};

/** The ranges as signal-cli takes them: "start:length:STYLE", in UTF-16 units. */
export function textStyles({ ranges = [] }: Rendered): string[] {
  return ranges.map(({ start, length, style }) => `${start}:${length}:${STYLES[style]}`);
}
