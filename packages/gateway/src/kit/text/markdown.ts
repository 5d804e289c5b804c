/** Reads Markdown (CommonMark with GitHub's tables, task lists and strike-through) into blocks. */

import { type Window, windowsOf } from "@moltbot/markdown";
import { Lexer, type MarkedToken, type Token, Tokenizer, type Tokens } from "marked";
import { type Block, type FenceBlock, type Gap, type Run, type Style, type TextBlock, textBlock } from "./blocks.ts";
import { tableLines } from "./table.ts";

/** All that a reader is to see of a Markdown text, in order. HTML is text like any other. */
export function readMarkdown(markdown: string): Block[] {
  return windowsOf(markdown)
    .flatMap(readWindow)
    .filter(({ text }) => text.trim() !== "");
}

function readWindow(window: Window): Block[] {
  if (window.kind === "fence") return [fence(window.text, window.language, "\n\n")];
  if (window.kind === "plain") return [asWritten(window.text)];
  try {
    const reader = new Reader();
    reader.blocks(new Lexer({ gfm: true, tokenizer: new AgentTokenizer() }).lex(window.text), TOP);
    return reader.read;
  } catch {
    // The text is nested deeper than the stack allows; no person writes that. Show it as it is.
    return [asWritten(window.text)];
  }
}

function asWritten(text: string): TextBlock {
  return textBlock([{ text: text.replace(/^\n+/, "").trimEnd(), styles: [] }], { gap: "\n\n" });
}

function fence(text: string, language: string, gap: Gap): FenceBlock {
  return { kind: "fence", gap, text: text.replace(/^(?:[ \t]*\n)+/, "").trimEnd(), language };
}

/** Scripts that write words without spaces, and their punctuation. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u3000-\u303f\u30fb\u30fc\uff00-\uffef]/u;
/** A text between the nearest two marks: two asterisks, or one. */
const EMPHASIS = /^(\*\*|\*)(?!\*)((?:\\.|[^*\\\n])+)\1(?!\*)/;

/** Markdown as agents write it, where CommonMark would read something else. */
class AgentTokenizer extends Tokenizer {
  /** "[^1]: a footnote" would be taken for the definition of a link. */
  override def(source: string): Tokens.Def | undefined {
    return /^ {0,3}\[\^/.test(source) ? undefined : super.def(source);
  }

  /**
   * Emphasis beside a script without spaces. By CommonMark's rule of flanking, "**「重要」**の" has none, since a bracket
   * is inside of the mark and a letter outside (CommonMark 0.31, 6.2).
   */
  override emStrong(source: string, masked: string, before = ""): Tokens.Em | Tokens.Strong | undefined {
    const [raw, mark, text = ""] = EMPHASIS.exec(source) ?? [];
    const isTight = text !== "" && text.trim() === text;
    const after = raw === undefined ? "" : source.slice(raw.length, raw.length + 1);
    if (raw === undefined || !isTight || !(UNSPACED.test(before) || UNSPACED.test(after)))
      return super.emStrong(source, masked, before);
    const tokens = this.lexer.inlineTokens(text);
    return mark === "**" ? { type: "strong", raw, text, tokens } : { type: "em", raw, text, tokens };
  }
}

/** Where a block is: what its lines begin with, and what it belongs to. */
interface Place {
  /** The marker of a list item: comes before the first line of the next block. */
  readonly marker: string;
  /** Stands before every line but the first. */
  readonly indent: string;
  /** Stands between blocks. */
  readonly gap: Gap;
  readonly quote?: number | undefined;
  readonly quoteDepth: number;
}

const TOP: Place = { marker: "", indent: "", gap: "\n\n", quoteDepth: 0 };

class Reader {
  readonly read: Block[] = [];
  #quotes = 0;

  /** Reads the blocks of one place; the first of them comes after `gap`. */
  blocks(tokens: readonly Token[], place: Place, gap: Gap = place.gap): void {
    let at = { ...place, gap };
    for (const token of tokens as readonly MarkedToken[]) {
      const before = this.read.length;
      this.#block(token, at);
      if (this.read.length > before) at = { ...place, marker: place.indent };
    }
  }

  #block(token: MarkedToken, place: Place): void {
    switch (token.type) {
      case "heading":
        return this.#text(
          runsOf(token.tokens).map((run) => without("bold", run)),
          place,
          token.depth,
        );
      case "paragraph":
        return this.#text(runsOf(token.tokens), place);
      case "text":
        return this.#text(token.tokens ? runsOf(token.tokens) : [plainRun(decoded(token.text))], place);
      case "html":
        return this.#text([plainRun(token.text.trimEnd())], place);
      case "hr":
        return this.#text([plainRun("───")], place);
      case "code":
        return void this.read.push(fence(token.text, /^[\w+#.-]*/.exec(token.lang ?? "")?.[0] ?? "", "\n\n"));
      case "table":
        return void this.read.push(fence(tableText(token), "", "\n\n"));
      case "blockquote":
        return this.#quote(token, place);
      case "list":
        return this.#list(token, place);
    }
  }

  #text(runs: readonly Run[], place: Place, heading?: number): void {
    const indented = runs.map((run) => ({ ...run, text: run.text.replaceAll("\n", `\n${place.indent}`) }));
    const { gap, quote } = place;
    this.read.push(textBlock([plainRun(place.marker), ...indented], { gap, heading, quote }));
  }

  /** A quote within a quote has its marks written out: platforms know one level. */
  #quote(token: Tokens.Blockquote, place: Place): void {
    const quoteDepth = place.quoteDepth + 1;
    if (quoteDepth === 1) {
      this.#quotes += 1;
      return this.blocks(token.tokens, { ...place, gap: "\n\n", quote: this.#quotes, quoteDepth }, place.gap);
    }
    const [marker, indent] = [`${place.marker}> `, `${place.indent}> `];
    this.blocks(token.tokens, { ...place, marker, indent, gap: "\n\n", quoteDepth }, place.gap);
  }

  #list(token: Tokens.List, place: Place): void {
    const between: Gap = token.loose ? "\n\n" : "\n";
    token.items.forEach((item, index) => {
      const bullet = item.task
        ? item.checked
          ? "☑ "
          : "☐ "
        : token.ordered
          ? `${(token.start || 0) + index}. `
          : "• ";
      const gap = index > 0 ? between : place.gap;
      const indent = place.indent + " ".repeat(bullet.length);
      // An item of an item: the outer marker comes before the first inner one only.
      const marker = (index > 0 ? place.indent : place.marker) + bullet;
      const isEmpty = item.tokens.every(({ type }) => type === "checkbox" || type === "space");
      if (isEmpty) this.#text([], { ...place, marker: marker.trimEnd(), gap });
      else this.blocks(item.tokens, { ...place, marker, indent, gap: between }, gap);
    });
  }
}

function plainRun(text: string): Run {
  return { text, styles: [] };
}

function without(style: Style, run: Run): Run {
  return { ...run, styles: run.styles.filter((each) => each !== style) };
}

function runsOf(tokens: readonly Token[], look: Omit<Run, "text"> = { styles: [] }): Run[] {
  return (tokens as readonly MarkedToken[]).flatMap((token): Run[] => {
    switch (token.type) {
      case "strong":
        return runsOf(token.tokens, styled(look, "bold"));
      case "em":
        return runsOf(token.tokens, styled(look, "italic"));
      case "del":
        return runsOf(token.tokens, styled(look, "strike"));
      case "codespan":
        return [{ ...styled(look, "code"), text: token.text }];
      case "br":
        return [{ ...look, text: "\n" }];
      case "link":
        return linkRuns(token.tokens, token.autolink ? token.href : decoded(token.href), look);
      case "image":
        return linkRuns([], decoded(token.href), look, decoded(token.text));
      case "html":
        return [{ ...look, text: /^<br *\/?>$/i.test(token.raw) ? "\n" : token.raw }];
      case "escape":
        return [{ ...look, text: token.text }];
      case "text":
        return token.tokens ? runsOf(token.tokens, look) : [{ ...look, text: decoded(token.text) }];
      case "checkbox":
        return [];
      default:
        return [{ ...look, text: token.raw }];
    }
  });
}

function styled(look: Omit<Run, "text">, style: Style): Omit<Run, "text"> {
  return look.styles.includes(style) ? look : { ...look, styles: [...look.styles, style] };
}

/** Addresses that a tap can open; others are shown beside their label. */
const OPENS = /^(?:https?|mailto|tel|tg|xmpp|slack|discord|whatsapp|signal|sgnl):/i;

function linkRuns(tokens: readonly Token[], url: string, look: Omit<Run, "text">, alt?: string): Run[] {
  const inner = alt === undefined ? runsOf(tokens, look) : [{ ...look, text: alt }];
  const label = inner.map(({ text }) => text).join("");
  const isBare = label.trim() === "" || label === url || `mailto:${label}` === url || `http://${label}` === url;
  if (isBare) return [{ ...look, text: label.trim() || url, isAddress: true }];
  if (url === "") return inner;
  if (!OPENS.test(url))
    return [...inner, { ...look, text: " (" }, { ...look, text: url, isAddress: true }, { ...look, text: ")" }];
  const link = { url };
  return inner.map((run) => ({ ...run, text: run.text.replaceAll("\n", " "), link }));
}

function tableText(table: Tokens.Table): string {
  const cells = (row: readonly Tokens.TableCell[]) => row.map(({ tokens }) => plainOf(runsOf(tokens)));
  return tableLines([cells(table.header), ...table.rows.map(cells)], table.align);
}

/** One line, with the addresses of links behind their labels. */
function plainOf(runs: readonly Run[]): string {
  const parts = runs.map(({ text, link }, index) =>
    link && runs[index + 1]?.link !== link ? `${text} (${link.url})` : text,
  );
  return parts.join("").replaceAll("\n", " ");
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** The characters that references such as "&amp;" and "&#39;" stand for. */
function decoded(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));/gi,
    (whole, decimal, hex, name) => {
      if (name) return NAMED[name.toLowerCase()] ?? whole;
      const code = decimal ? Number.parseInt(decimal, 10) : Number.parseInt(hex, 16);
      const isCharacter = code >= 32 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
      return isCharacter ? String.fromCodePoint(code) : whole;
    },
  );
}
