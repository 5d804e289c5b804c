/** Slack's mrkdwn (Slack: formatting text for app surfaces). Only three characters can be escaped. */
import type { Dialect } from "../../kit/text/dialect.ts";

export const mrkdwn: Dialect = {
  name: "slack-mrkdwn",
  escape: escaped,
  bold: (inner) => `*${inner}*`,
  italic: (inner) => `_${inner}_`,
  strike: (inner) => `~${inner}~`,
  code: (plain) => `\`${escaped(plain.replaceAll("`", "ˋ"))}\``,
  link: (label, url) => `<${address(url)}|${label.replaceAll("|", "¦")}>`,
  // Bold within bold would end it.
  heading: (inner) => `*${inner.replace(/(?<!\w)\*|\*(?!\w)/g, "")}*`,
  quote: (inner) => inner.replace(/^/gm, "> "),
  // A fence within a fence is broken up by a space of no width.
  fence: (plain) => `\`\`\`\n${escaped(plain.replaceAll("```", "``\u200B`"))}\n\`\`\``,
  measure: ({ text }) => text.length,
  needsGaps: true,
};

/** The three characters that Slack reads as markup in any case. */
export function escaped(plain: string): string {
  return plain.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function address(url: string): string {
  return url.replaceAll("&", "&amp;").replaceAll("<", "%3C").replaceAll(">", "%3E").replaceAll("|", "%7C");
}
