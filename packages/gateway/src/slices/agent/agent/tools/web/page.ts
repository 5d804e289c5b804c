/** Turns a web page into Markdown or plain text for a model: its title and its article. Heavy: see `page-reader.ts`. */

import { Readability } from "@mozilla/readability";
import { parseHTML } from "linkedom";
import TurndownService from "turndown";
import { ignore } from "../../../../../base/errors.ts";

/** How a page is to be shown. */
export type PageFormat = "markdown" | "text";

/** A page that has been read. */
export interface Page {
  readonly title: string;
  readonly text: string;
}

/** A shorter "article" is a banner or a cookie notice; the whole page is used instead. */
const MIN_ARTICLE_CHARS = 250;
/** A page with more tags is only stripped of them: parsing it takes seconds and hundreds of megabytes. */
const MAX_TAGS = 60_000;
const SILENT = /<(script|style|noscript|template|svg|iframe)\b[^>]*>[\s\S]*?<\/\1\s*>/gi;
const NOISE = "title, nav, footer, form, dialog, canvas";

/** Reads a page. `url` is its address, which relative links need. */
export function readPage(html: string, { url, format }: { url: string; format: PageFormat }): Page {
  const spoken = html.replace(SILENT, " ");
  try {
    if (spoken.split("<", MAX_TAGS + 1).length <= MAX_TAGS) return built(spoken, url, format);
  } catch (error) {
    ignore(error, "it is nested too deeply, or too broken, to be a document; its text is read without one");
  }
  return { title: "", text: stripped(spoken) };
}

function built(html: string, url: string, format: PageFormat): Page {
  const { document } = parseHTML(html.includes("<html") ? html : `<html><body>${html}</body></html>`);
  makeLinksWhole(document, url);
  const title = (document.querySelector("title")?.textContent ?? "").replace(/\s+/g, " ").trim();
  const whole = document.documentElement.cloneNode(true) as Element;
  const article = new Readability<Element>(document, { serializer: (node) => node as Element }).parse();
  const isArticle = article?.content && (article.textContent ?? "").trim().length >= MIN_ARTICLE_CHARS;
  const root = isArticle ? article.content! : withoutNoise(whole);
  const text = format === "text" ? plainText(root) : markdownOf(root);
  return { title: title || (article?.title ?? ""), text };
}

function makeLinksWhole(document: Document, url: string): void {
  const base = URL.parse(document.querySelector("base[href]")?.getAttribute("href") ?? "", url)?.href ?? url;
  for (const [selector, name] of [
    ["a[href]", "href"],
    ["img[src]", "src"],
  ] as const)
    for (const element of document.querySelectorAll(selector)) {
      const whole = URL.parse(element.getAttribute(name) ?? "", base);
      if (whole?.protocol === "http:" || whole?.protocol === "https:") element.setAttribute(name, whole.href);
      else if (name === "src") element.remove();
      else element.removeAttribute(name);
    }
}

function withoutNoise(root: Element): Element {
  for (const element of root.querySelectorAll(`head, ${NOISE}`)) element.remove();
  return root;
}

const BLOCKS = "p, div, li, tr, h1, h2, h3, h4, h5, h6, br, pre, blockquote, section, article";

function plainText(root: Element): string {
  for (const block of root.querySelectorAll(BLOCKS)) block.after(root.ownerDocument.createTextNode("\n"));
  return tidy((root.textContent ?? "").replace(/[^\S\n]+/g, " "));
}

function markdownOf(root: Element): string {
  const service = new TurndownService({ headingStyle: "atx", codeBlockStyle: "fenced", bulletListMarker: "-" });
  service.addRule("cell", {
    filter: ["td", "th"],
    replacement: (content) => ` ${content.replace(/\s+/g, " ").trim()} |`,
  });
  service.addRule("row", { filter: "tr", replacement: (content) => `\n|${content}` });
  return tidy(service.turndown(root as never));
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

/** The text between the tags, in time proportional to the page. */
function stripped(html: string): string {
  const text = html
    .replace(/<\/?(?:p|div|li|tr|h[1-6]|br|table|section|article)\b[^<>]*>/gi, "\n")
    .replace(/<[^<>]*>/g, " ");
  const readable = text.replace(/&(?:#(\d{1,7})|([a-z]{2,4}));/gi, (all, code: string | undefined, name: string) =>
    code === undefined ? (ENTITIES[name.toLowerCase()] ?? all) : characterOf(Number(code)),
  );
  return tidy(readable.replace(/[^\S\n]+/g, " "));
}

function characterOf(code: number): string {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : " ";
}

/** Trims lines, and keeps at most one empty line in a row. */
function tidy(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}
