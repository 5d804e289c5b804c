/** The words of a mail that comes as HTML only. It is text for a model, so nothing of it is run or fetched. */

const LEFT_OUT = ["script", "style", "head", "title", "template", "svg"];
const BREAKS = /^\/?(?:p|div|br|tr|li|ul|ol|table|h[1-6]|blockquote|hr|section|article)\b/i;
const NAMED: Readonly<Record<string, string>> = {
  ...{ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " ", copy: "©", euro: "€", hellip: "…", shy: "" },
  ...{ auml: "ä", ouml: "ö", uuml: "ü", Auml: "Ä", Ouml: "Ö", Uuml: "Ü", szlig: "ß", eacute: "é", egrave: "è" },
  ...{ ndash: "–", mdash: "—", lsquo: "‘", rsquo: "’", ldquo: "“", rdquo: "”", bull: "•", zwnj: "" },
};

/** Reads from left to right, once. */
export function wordsOfHtml(html: string): string {
  const lower = html.toLowerCase();
  let words = "";
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf("<", at);
    words += html.slice(at, open < 0 ? html.length : open).replace(/\s+/g, " ");
    if (open < 0) break;
    const close = html.startsWith("<!--", open) ? html.indexOf("-->", open) : html.indexOf(">", open);
    if (close < 0) break;
    const tag = html.slice(open + 1, Math.min(close, open + 40));
    if (BREAKS.test(tag)) words += "\n";
    const name = /^[a-z]+/i.exec(tag)?.[0].toLowerCase() ?? "";
    const end = LEFT_OUT.includes(name) ? lower.indexOf(`</${name}`, close) : close;
    at = end < 0 ? html.length : end === close ? close + (html.startsWith("<!--", open) ? 3 : 1) : end;
  }
  return decoded(words)
    .replace(/[^\S\n]+/g, " ")
    .replace(/ ?\n ?/g, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, (whole, number, hex, name) => {
    if (name !== undefined) return Object.hasOwn(NAMED, name) ? (NAMED[name] ?? whole) : whole;
    const code = number === undefined ? Number.parseInt(hex, 16) : Number(number);
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : "";
  });
}
