/**
 * WhatsApp's marks (its help centre, "How to format your messages"). There is no escape: what looks like a mark is one.
 */
import type { Dialect } from "../../kit/text/dialect.ts";

export const whatsappMarks: Dialect = {
  name: "whatsapp",
  escape: (plain) => plain,
  bold: (inner) => marked("*", inner),
  italic: (inner) => marked("_", inner),
  strike: (inner) => marked("~", inner),
  code: (plain) => (plain.includes("`") ? plain : marked("`", plain)),
  link: (label, url) => (label === url || label === "" ? url : `${label} (${url})`),
  heading: (inner) => marked("*", inner.replaceAll("*", "")),
  quote: (inner) => inner.replace(/^/gm, "> "),
  fence: (plain) => `\`\`\`\n${plain}\n\`\`\``,
  measure: ({ text }) => text.length,
  needsGaps: true,
};

/** Marks must touch what they style, and end with the line. */
function marked(mark: string, inner: string): string {
  return inner
    .split("\n")
    .map((line) => line.replace(/^(\s*)(\S(?:.*\S)?)(\s*)$/, `$1${mark}$2${mark}$3`))
    .join("\n");
}
