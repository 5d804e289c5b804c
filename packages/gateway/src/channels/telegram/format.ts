/** Telegram's HTML, the safest of its markups: three characters to escape (Bot API: formatting options). */
import type { Dialect } from "../../kit/text/dialect.ts";

export const telegramHtml: Dialect = {
  name: "telegram-html",
  escape: escaped,
  bold: (inner) => `<b>${inner}</b>`,
  italic: (inner) => `<i>${inner}</i>`,
  strike: (inner) => `<s>${inner}</s>`,
  code: (plain) => `<code>${escaped(plain)}</code>`,
  // An address that names a person would mention them.
  link: (label, url) =>
    /^tg:\/*user/i.test(url)
      ? `${label} (${escaped(url)})`
      : `<a href="${escaped(url).replaceAll('"', "&quot;")}">${label}</a>`,
  heading: (inner) => `<b>${inner}</b>`,
  quote: (inner) => `<blockquote>${inner}</blockquote>`,
  fence: (plain, language) =>
    /^[\w+#.-]+$/.test(language)
      ? `<pre><code class="language-${language}">${escaped(plain)}</code></pre>`
      : `<pre>${escaped(plain)}</pre>`,
  // The limit counts what is left after tags and entities are read.
  measure: ({ text }) => text.replace(/<[^>]*>/g, "").replace(/&(?:lt|gt|amp|quot);/g, "&").length,
};

function escaped(plain: string): string {
  return plain.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
