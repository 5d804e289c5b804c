// Markdown to safe HTML, block by block, so that a growing reply changes only its last block.
// Two walls: raw HTML in the text is shown as text, and the result is sanitised. Nothing is fetched by itself.

import { type Window, windowsOf } from "@moltbot/markdown";
import DOMPurify from "dompurify";
import { Marked, type TokenizerAndRendererExtension, type Tokens } from "marked";
import { t } from "../words/t.ts";

/**
 * TeX between dollars or in the brackets of LaTeX. A price is no formula: no blank inside, no digit behind. How far the end is
 * looked for has a bound: an answer with nothing but beginnings would hold the page.
 */
const INLINE_MATH = /^(?:\$([^\s$](?:[^$\n]{0,2000}[^\s$\\])?)\$(?!\d)|\\\((.{1,2000}?)\\\))/;
const BLOCK_MATH = /^(?:\$\$([\s\S]{1,4000}?)\$\$|\\\[([\s\S]{1,4000}?)\\\])(?:\n|$)/;

/** Where a footnote is referred to, and where it is. */
const NOTE_REFERENCE = /^\[\^([^\]\s]{1,40})\](?!:)/;
const NOTE = /^\[\^([^\]\s]{1,40})\]:[ \t]*([^\n]*(?:\n(?: {2,}|\t)[^\n]+)*)(?:\n|$)/;

const marked = new Marked({
  gfm: true,
  breaks: true,
  extensions: [
    math("blockMath", "block", BLOCK_MATH),
    math("inlineMath", "inline", INLINE_MATH),
    ...[noteReference(), note()],
  ],
  tokenizer: {
    // H~2~O is water and not struck out.
    del(source) {
      const match = /^~~(?=\S)([\s\S]{0,2000}?\S)~~/.exec(source);
      if (match === null) return undefined;
      const [raw, text = ""] = match;
      return { type: "del", raw, text, tokens: this.lexer.inlineTokens(text) };
    },
  },
  renderer: {
    html: ({ text }) => escapeHtml(text),
    code: ({ text, lang }) => codeBlock(text, lang),
    image: ({ href, text }) => image(href, text),
    checkbox: ({ checked }) =>
      `<input type="checkbox" disabled aria-label="${escapeHtml(checked ? t("Done") : t("To do"))}"${checked ? " checked" : ""}> `,
    table(token: Tokens.Table) {
      const row = (cells: Tokens.TableCell[]) => `<tr>${cells.map((cell) => this.tablecell(cell)).join("")}</tr>`;
      const body = token.rows.map(row).join("");
      const table = `<table><thead>${row(token.header)}</thead><tbody>${body}</tbody></table>`;
      return `<div class="table" tabindex="0" role="group" aria-label="${escapeHtml(t("Table"))}">${table}</div>`;
    },
  },
});

const ALLOWED_TAGS = [
  ..."p br hr h1 h2 h3 h4 h5 h6 strong em del code pre a ul ol li blockquote".split(" "),
  ..."div table thead tbody tr th td input figure figcaption button span img sup".split(" "),
];

const LINKING_ATTRIBUTES = ["href", "src"];

const PLAIN_ATTRIBUTES =
  "target rel alt align start type checked disabled tabindex role aria-label class data-copy".split(" ");

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.nodeName === "A") {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer");
  }
  if (node.nodeName === "IMG" && !/^data:image\//.test(node.getAttribute("src") ?? "")) node.remove();
});

/** What was read before: the HTML of a block by the block, and that of a window by its kind and text. Belongs to one message. */
export interface Known {
  readonly blocks: Map<string, string>;
  readonly windows: Map<string, readonly string[]>;
}

/**
 * One HTML string for each block of the text. The same block gives the same string, so that its elements can stay. Of a reply
 * that grows only the last window is read anew.
 */
export function renderBlocks(text: string, known: Known): string[] {
  const windows = windowsOf(text);
  return windows.flatMap((window, index) => {
    if (index === windows.length - 1) return readWindow(window, known);
    const key = `${window.kind} ${window.text}`;
    const before = known.windows.get(key);
    const blocks = before ?? readWindow(window, known);
    if (before === undefined) known.windows.set(key, blocks);
    return blocks;
  });
}

function readWindow(window: Window, { blocks }: Known): readonly string[] {
  if (window.kind === "fence") return [sanitize(codeBlock(window.text, window.language))];
  if (window.kind === "plain") return [`<div class="plain">${escapeHtml(window.text)}</div>`];
  const read = marked.lexer(window.text).filter(({ type }) => type !== "space" && type !== "def");
  return read.map((block) => {
    const known = blocks.get(block.raw);
    if (known !== undefined) return known;
    const html = sanitize(marked.parser([block]));
    blocks.set(block.raw, html);
    return html;
  });
}

/** A formula as it was written; `formulas.ts` sets it. */
function math(name: string, level: "block" | "inline", pattern: RegExp): TokenizerAndRendererExtension {
  const tag = level === "block" ? "div" : "span";
  return {
    name,
    level,
    // A paragraph ends only where a block of its own begins.
    start: (source) => indexOf(source, level === "block" ? /(?<=\n)(?:\$\$|\\\[)/ : /\$|\\\(/),
    tokenizer(source) {
      const match = pattern.exec(source);
      if (match === null) return undefined;
      return { type: name, raw: match[0], text: (match[1] ?? match[2] ?? "").trim() };
    },
    renderer: ({ text }) =>
      `<${tag} class="math${level === "block" ? " display" : ""}">${escapeHtml(String(text))}</${tag}>`,
  };
}

/** The number of a footnote, raised. It is no link: a footnote is at the end of the message, in view or nearly so. */
function noteReference(): TokenizerAndRendererExtension {
  return {
    name: "noteReference",
    level: "inline",
    start: (source) => indexOf(source, /\[\^/),
    tokenizer(source) {
      const [raw, label] = NOTE_REFERENCE.exec(source) ?? [];
      return raw === undefined ? undefined : { type: "noteReference", raw, label };
    },
    renderer: ({ label }) => `<sup class="note-mark">${escapeHtml(String(label))}</sup>`,
  };
}

/** A footnote: small, with its number. */
function note(): TokenizerAndRendererExtension {
  return {
    name: "note",
    level: "block",
    start: (source) => indexOf(source, /(?<=\n)\[\^[^\]\s]{1,40}\]:/),
    tokenizer(source) {
      const [raw, label, text = ""] = NOTE.exec(source) ?? [];
      if (raw === undefined) return undefined;
      const tokens = this.lexer.inlineTokens(text.replace(/\n\s+/g, " "));
      return { type: "note", raw, label, tokens };
    },
    renderer({ label, tokens = [] }) {
      const mark = `<sup class="note-mark">${escapeHtml(String(label))}</sup>`;
      return `<p class="note">${mark} ${this.parser.parseInline(tokens)}</p>`;
    },
  };
}

function indexOf(text: string, pattern: RegExp): number | undefined {
  const at = text.search(pattern);
  return at === -1 ? undefined : at;
}

function sanitize(html: string): string {
  return DOMPurify.sanitize(html, {
    ALLOWED_TAGS,
    ALLOWED_ATTR: [...LINKING_ATTRIBUTES, ...PLAIN_ATTRIBUTES],
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|data:image\/)/i,
    ADD_URI_SAFE_ATTR: PLAIN_ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
  });
}

function codeBlock(text: string, lang: string | undefined): string {
  const language = lang?.split(/\s/, 1)[0] || "text";
  const head = `<figcaption><span>${escapeHtml(language)}</span><button type="button" data-copy="code">${escapeHtml(t("Copy"))}</button></figcaption>`;
  const label = escapeHtml(t("Code, {0}", language));
  return `<figure class="code">${head}<pre tabindex="0" role="group" aria-label="${label}"><code class="language-${escapeHtml(language)}">${escapeHtml(text)}</code></pre></figure>`;
}

/** A remote image would tell its host who reads what, and when: it becomes a link. */
function image(href: string, alt: string): string {
  if (/^data:image\//.test(href)) return `<img src="${escapeHtml(href)}" alt="${escapeHtml(alt)}">`;
  return `<a class="remote-image" href="${escapeHtml(href)}">${escapeHtml(t("{0} (open image)", alt || t("Image")))}</a>`;
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
