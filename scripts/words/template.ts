/** Finds the texts for people in one HTML template: what is between tags, and in the attributes that people hear or see. */

/** A place in a template: the static part, and the offset in it. */
export interface Place {
  readonly part: number;
  readonly at: number;
}

/** A text for people. Its key has `{0}`, `{1}` … for the expressions in it, in their order. */
export interface TextRun {
  /** `words`: nothing but letters; `markup`: with expressions or tags; `attribute`: a whole attribute's value, quotes included. */
  readonly kind: "words" | "markup" | "attribute";
  readonly key: string;
  readonly from: Place;
  readonly to: Place;
}

/** Attributes whose values are for people. */
const SPOKEN = new Set(["aria-label", "aria-description", "aria-roledescription", "title", "placeholder", "alt"]);
/** Tags that are part of a sentence. */
const INLINE = new Set(["a", "b", "bdi", "br", "code", "em", "i", "kbd", "mark", "strong", "wbr"]);
const VOID = new Set(["br", "wbr"]);
/** Their content is never translated by itself. */
const LITERAL = new Set(["code", "kbd"]);
const RAW = new Set(["script", "style", "textarea", "title"]);
const LETTERS = /\p{L}{2}|\p{L}$/u;

type Token =
  | { readonly kind: "text"; readonly text: string; readonly from: Place; readonly to: Place }
  | { readonly kind: "expression"; readonly index: number; readonly from: Place; readonly to: Place }
  | {
      readonly kind: "open" | "close";
      readonly name: string;
      readonly text: string;
      readonly from: Place;
      readonly to: Place;
    }
  | { readonly kind: "break"; readonly from: Place; readonly to: Place };

/**
 * The texts of a template in the order they begin. `isPicture` says of an expression that it is an icon: at the edge of a
 * text it is no part of it.
 */
export function textRuns(parts: readonly string[], isPicture: (index: number) => boolean = () => false): TextRun[] {
  const { tokens, attributes } = tokensOf(parts);
  const groups: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind === "break" || ((token.kind === "open" || token.kind === "close") && !INLINE.has(token.name)))
      groups.push([]);
    else groups.at(-1)!.push(token);
  }
  const runs = groups.flatMap((group) => runsOf(group, isPicture));
  return [...runs, ...attributes].sort((one, other) => one.from.part - other.from.part || one.from.at - other.from.at);
}

/** The texts among tokens that no tag of a block parts. */
function runsOf(tokens: readonly Token[], isPicture: (index: number) => boolean): TextRun[] {
  const isEdge = (token: Token | undefined) =>
    (token?.kind === "text" && token.text.trim() === "") || (token?.kind === "expression" && isPicture(token.index));
  let group = [...tokens];
  while (isEdge(group[0])) group = group.slice(1);
  while (isEdge(group.at(-1))) group = group.slice(0, -1);
  const unmatched = unmatchedTag(group);
  if (unmatched !== undefined)
    return [...runsOf(group.slice(0, unmatched), isPicture), ...runsOf(group.slice(unmatched + 1), isPicture)];
  if (!hasWords(group)) return [];
  if (isWrapped(group)) return runsOf(group.slice(1, -1), isPicture);
  return [runOf(group)];
}

/** The first tag without its counterpart. */
function unmatchedTag(tokens: readonly Token[]): number | undefined {
  const open: number[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind === "open" && !VOID.has(token.name)) open.push(index);
    if (token.kind !== "close") continue;
    const before = tokens[open.pop() ?? -1];
    if (before?.kind !== "open" || before.name !== token.name) return index;
  }
  return open[0];
}

/** Whether one pair of tags holds all of it. */
function isWrapped(tokens: readonly Token[]): boolean {
  const [first] = tokens;
  if (first?.kind !== "open" || tokens.at(-1)?.kind !== "close") return false;
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.kind === "open" && !VOID.has(token.name)) depth += 1;
    if (token.kind === "close") depth -= 1;
    if (depth === 0 && index < tokens.length - 1) return false;
  }
  return true;
}

function hasWords(tokens: readonly Token[]): boolean {
  let literal = 0;
  return tokens.some((token) => {
    if ((token.kind === "open" || token.kind === "close") && LITERAL.has(token.name))
      literal += token.kind === "open" ? 1 : -1;
    return token.kind === "text" && literal === 0 && LETTERS.test(token.text.replace("Moltbot", "").trim());
  });
}

function runOf(tokens: readonly Token[]): TextRun {
  const first = tokens[0] as Token;
  const last = tokens.at(-1) as Token;
  const start = first.kind === "text" ? first.text.length - first.text.trimStart().length : 0;
  const end = last.kind === "text" ? last.text.length - last.text.trimEnd().length : 0;
  const base = expressionsBefore(tokens);
  const raw = tokens
    .map((token) =>
      token.kind === "expression" ? `{${token.index - base}}` : "text" in token ? rebased(token.text, base) : "",
    )
    .join("");
  return {
    kind: tokens.every(({ kind }) => kind === "text") ? "words" : "markup",
    key: collapsed(raw),
    from: { part: first.from.part, at: first.from.at + start },
    to: { part: last.to.part, at: last.to.at - end },
  };
}

/** Expressions are numbered from the beginning of their text. */
function expressionsBefore(tokens: readonly Token[]): number {
  return tokens[0]?.from.part ?? 0;
}

/** Tags hold expressions by their number in the template. */
function rebased(text: string, base: number): string {
  return text.replace(/\uE000(\d+)\uE000/g, (_all, index) => `{${Number(index) - base}}`);
}

/** A text as a key: each run of white space is one space. */
export function collapsed(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** The attribute in which each expression of a template stands; "" for one in the content. */
export function ownersOf(parts: readonly string[]): readonly string[] {
  return tokensOf(parts).owners;
}

/** Whether an attribute's value is for people. */
export function isSpoken(name: string): boolean {
  return SPOKEN.has(name);
}

/** Reads the parts as HTML; an expression is between each two of them. */
function tokensOf(parts: readonly string[]): Pick<Reader, "tokens" | "attributes" | "owners"> {
  const reader = new Reader(parts);
  while (!reader.isAtEnd) reader.next();
  return reader;
}

class Reader {
  readonly tokens: Token[] = [];
  readonly attributes: TextRun[] = [];
  readonly owners: string[] = [];
  readonly #parts: readonly string[];
  #part = 0;
  #at = 0;
  #raw: string | undefined;
  #attribute = "";

  constructor(parts: readonly string[]) {
    this.#parts = parts;
  }

  get isAtEnd(): boolean {
    return this.#part === this.#parts.length - 1 && this.#rest === "";
  }

  get #rest(): string {
    return (this.#parts[this.#part] as string).slice(this.#at);
  }

  get #place(): Place {
    return { part: this.#part, at: this.#at };
  }

  /** Reads one token. */
  next(): void {
    const from = this.#place;
    const rest = this.#rest;
    if (rest === "") {
      this.#skipExpression();
      if (this.#raw === undefined) this.tokens.push({ kind: "expression", index: from.part, from, to: this.#place });
      return;
    }
    if (this.#raw !== undefined) return this.#readRaw(rest, from);
    if (rest.startsWith("<!--")) return this.#readComment(from);
    if (/^<\/?[a-z]/i.test(rest)) return this.#readTag(from);
    const text = /^<?[^<]*/.exec(rest)?.[0] ?? rest;
    this.#at += text.length;
    this.tokens.push({ kind: "text", text, from, to: this.#place });
  }

  #skipExpression(): void {
    this.owners.push(this.#attribute);
    this.#part += 1;
    this.#at = 0;
  }

  #readRaw(rest: string, from: Place): void {
    const end = rest.indexOf(`</${this.#raw}`);
    this.#at += end === -1 ? rest.length : end;
    if (end !== -1) this.#raw = undefined;
    this.tokens.push({ kind: "break", from, to: this.#place });
  }

  #readComment(from: Place): void {
    let end = this.#rest.indexOf("-->");
    while (end === -1 && this.#part < this.#parts.length - 1) {
      this.#skipExpression();
      end = this.#rest.indexOf("-->");
    }
    this.#at += end === -1 ? this.#rest.length : end + 3;
    this.tokens.push({ kind: "break", from, to: this.#place });
  }

  /** Reads a tag with its attributes, in which expressions may stand. */
  #readTag(from: Place): void {
    const [head, slash = "", name = ""] = /^<(\/?)([a-z][\w-]*)/i.exec(this.#rest) ?? [""];
    let text = head;
    this.#at += head.length;
    while (!this.#rest.startsWith(">")) {
      if (this.#rest === "") {
        this.#attribute = /([^\s"']+)=$/.exec(text)?.[1] ?? "?";
        if (this.#part === this.#parts.length - 1) break;
        text += this.#expressionMark();
        continue;
      }
      text += this.#readAttributePiece();
    }
    this.#attribute = "";
    this.#at += 1;
    this.tokens.push({
      kind: slash === "" ? "open" : "close",
      name: name.toLowerCase(),
      text: `${text}>`,
      from,
      to: this.#place,
    });
    if (slash === "" && RAW.has(name.toLowerCase()) && !text.endsWith("/")) this.#raw = name;
  }

  #expressionMark(): string {
    const mark = `\uE000${this.#part}\uE000`;
    this.#skipExpression();
    return mark;
  }

  /** A name with its quoted value, or whatever comes before the next one. */
  #readAttributePiece(): string {
    const named = /^([^\s=>"'/]+)=(["'])/.exec(this.#rest);
    if (named === null) {
      const piece = /^(?:\s+|[^\s=>"'/]+(?:=(?=$|[^"']))?|.)/.exec(this.#rest)?.[0] ?? "";
      this.#at += piece.length;
      return piece;
    }
    const [all, name = "", quote = '"'] = named;
    this.#attribute = name;
    this.#at += all.length - 1;
    const from = this.#place;
    this.#at += 1;
    let value = "";
    let end = this.#rest.indexOf(quote);
    while (end === -1) {
      value += this.#rest;
      this.#at += this.#rest.length;
      value += this.#expressionMark();
      end = this.#rest.indexOf(quote);
    }
    value += this.#rest.slice(0, end);
    this.#at += end + 1;
    const words = value.replace(/\uE000\d+\uE000/g, "");
    if (SPOKEN.has(name) && LETTERS.test(words.trim()))
      this.attributes.push({ kind: "attribute", key: collapsed(rebased(value, from.part)), from, to: this.#place });
    return `${name}=${quote}${value}${quote}`;
  }
}
