/** Discord's Markdown: nearly the common one, with headings to level 3 and no tables. */
import type { Dialect } from "../../kit/text/dialect.ts";

/** Marks that mean something wherever they stand. `<` begins mentions, emoji and times. */
const MARKS = /[\\*_~`|<[\]]/g;
/** Marks that mean something at the beginning of a line: headings, quotes, lists, small print. */
const LINE_START = /^([^\S\n]*)(#{1,3}(?=\s)|>(?=\s|>>)|[-+](?=\s|#)|\d+(?=\.\s))/gm;

export const discordMarkdown: Dialect = {
  name: "discord",
  escape: (plain) => plain.replace(MARKS, "\\$&").replace(LINE_START, escapeLineStart),
  bold: (inner) => `**${inner}**`,
  italic: (inner) => `*${inner}*`,
  strike: (inner) => `~~${inner}~~`,
  code: (plain) => (plain.includes("`") ? `\`\` ${plain} \`\`` : `\`${plain}\``),
  // Angle brackets keep Discord from adding a preview below.
  link: (label, url) => (isAddress(url) ? `[${label}](<${url}>)` : `${label} (${discordMarkdown.escape(url)})`),
  // Within angle brackets nothing of an address is taken for a mark.
  address: (url) => (isAddress(url) ? `<${url}>` : discordMarkdown.escape(url)),
  heading: (inner, level) => `${"#".repeat(Math.min(level, 3))} ${inner}`,
  quote: (inner) => inner.replace(/^/gm, "> "),
  fence: (plain, language) => `\`\`\`${language.replaceAll(/[^\w+#-]/g, "")}\n${closed(plain)}\n\`\`\``,
  measure: ({ text }) => text.length,
};

/** Discord makes links only of these. */
function isAddress(url: string): boolean {
  return /^https?:\/\/[^\s<>()]+$/.test(url);
}

function escapeLineStart(_: string, space: string, mark: string): string {
  return /^\d/.test(mark) ? `${space}${mark}\\` : `${space}\\${mark}`;
}

/** Three backticks would end the block: a zero-width space keeps them apart. */
function closed(plain: string): string {
  return plain.replaceAll("```", "`\u200B``");
}
