// TeX to MathML, as far as models write it: what it does not know makes it throw, and the formula stays as it was written.

import { arrays, isArray } from "./arrays.ts";
import { element, type MathNode, row } from "./nodes.ts";
import {
  ACCENTS,
  COVERS,
  FENCES,
  FONTS,
  FUNCTIONS,
  GROUNDS,
  isIntegral,
  LARGE,
  LETTERS,
  LIMITS,
  ROOM,
  SIGNS,
  shaped,
} from "./symbols.ts";
import { NotReadable, Tokens } from "./tokens.ts";

/** So deep things may stand in one another. */
const MOST_DEEP = 60;
const ENDS = new Set(["", "}", "&", "\\\\", "\\cr", "\\right", "\\middle", "\\end"]);
const SIZES: Readonly<Record<string, string>> = { big: "1.2em", Big: "1.62em", bigg: "2.05em", Bigg: "2.47em" };
const TEXTS = new Set([
  "text",
  "textrm",
  "textnormal",
  "mbox",
  "hbox",
  "textit",
  "textsf",
  "texttt",
  "textbf",
  "textsc",
]);
const FRACTIONS = new Set(["frac", "dfrac", "tfrac", "cfrac"]);
const BINOMIALS = new Set(["binom", "dbinom", "tbinom"]);
/** Say how a thing counts, or what colour it has; the thing itself is what is shown. */
const PLAIN = new Set([
  "mathrel",
  "mathbin",
  "mathord",
  "mathopen",
  "mathclose",
  "mathpunct",
  "mathinner",
  "mathstrut",
  "smash",
]);
const IGNORED = new Set([
  "limits",
  "nolimits",
  "nonumber",
  "notag",
  "hline",
  "allowbreak",
  "relax",
  "strut",
  "displaylimits",
]);

/** A formula as one element. Throws `NotReadable`. */
export function mathOf(tex: string, isDisplay: boolean): MathNode {
  const parser = new Parser(new Tokens(tex));
  const children = parser.rowUntil(() => false);
  if (parser.tokens.next !== "") throw new NotReadable(`${parser.tokens.next} has no beginning`);
  return element("math", [row(children)], isDisplay ? { display: "block" } : {});
}

/** Reads the pieces of a formula. */
export class Parser {
  readonly tokens: Tokens;
  #depth = 0;
  #font = "";

  constructor(tokens: Tokens) {
    this.tokens = tokens;
  }

  /** Everything up to an end, or to a piece that `isEnd`. */
  rowUntil(isEnd: (piece: string) => boolean): MathNode[] {
    if (++this.#depth > MOST_DEEP) throw new NotReadable("too deep");
    const font = this.#font;
    const nodes: MathNode[] = [];
    for (let piece = this.tokens.next; !ENDS.has(piece) && !isEnd(piece); piece = this.tokens.next) {
      if (piece === "\\over" || piece === "\\choose") {
        this.tokens.take();
        const below = row(this.rowUntil(isEnd));
        const fraction = element("mfrac", [row(nodes), below], piece === "\\over" ? {} : { linethickness: "0" });
        this.#depth--;
        return piece === "\\over" ? [fraction] : [fence("("), fraction, fence(")")];
      }
      if (/^\\(?:display|text|script|scriptscript)style$/.test(piece)) {
        this.tokens.take();
        const isLarge = piece === "\\displaystyle";
        nodes.push(element("mstyle", this.rowUntil(isEnd), { displaystyle: String(isLarge) }));
        continue;
      }
      nodes.push(...this.#scripted());
    }
    this.#font = font;
    this.#depth--;
    return nodes;
  }

  /** What a command is given: one thing, or what stands in braces. */
  argument(): MathNode {
    const { next } = this.tokens;
    if (ENDS.has(next)) throw new NotReadable("something is missing");
    if (next !== "{") return this.#atom(true);
    return this.group();
  }

  group(): MathNode {
    this.tokens.expect("{");
    const children = this.rowUntil(() => false);
    this.tokens.expect("}");
    return row(children);
  }

  /** One thing with what stands above and below it. */
  #scripted(): MathNode[] {
    const first = this.tokens.next;
    const base = first === "^" || first === "_" ? element("mrow") : this.#atom(false);
    let hasLimits = isLarge(base) || base.attributes.class === "limits";
    let [below, above]: (MathNode | undefined)[] = [];
    for (;;) {
      const { next } = this.tokens;
      if (next === "\\limits" || next === "\\nolimits") hasLimits = this.tokens.take() === "\\limits";
      else if (next === "^" && above === undefined) {
        this.tokens.take();
        above = this.argument();
      } else if (next === "_" && below === undefined) {
        this.tokens.take();
        below = this.argument();
      } else if (next === "'") above = this.#primes(above);
      else break;
    }
    if (this.tokens.next === "^" || this.tokens.next === "_") throw new NotReadable("two of a kind");
    const node = attached(base, hasLimits, below, above);
    const isCall = base.tag === "mi" && base.attributes.class === "name";
    return isCall && /^[\w\\]/.test(this.tokens.next) && !ENDS.has(this.tokens.next)
      ? [node, space("0.167em")]
      : [node];
  }

  #primes(above: MathNode | undefined): MathNode {
    let primes = "";
    while (this.tokens.takes("'")) primes += "′";
    const mark = element("mo", [primes]);
    if (this.tokens.next !== "^") return above === undefined ? mark : row([mark, above]);
    this.tokens.take();
    return row([mark, this.argument()]);
  }

  #atom(isSingle: boolean): MathNode {
    const { next } = this.tokens;
    if (next === "{") return this.group();
    if (/^\d/.test(next)) {
      const digits = isSingle ? this.tokens.take() : this.tokens.number();
      return element("mn", [[...digits].map((digit) => shaped(digit, this.#font)).join("")]);
    }
    const piece = this.tokens.take();
    if (piece.startsWith("\\") && piece.length > 1) return this.#command(piece.slice(1).replace(/\*$/, ""));
    return this.#sign(piece);
  }

  #sign(piece: string): MathNode {
    if (piece === "~") return space("0.25em");
    if (/\p{L}/u.test(piece)) return this.#letter(piece);
    if (piece === "-") return element("mo", ["−"]);
    if (piece === "*") return element("mo", ["∗"]);
    return "()[]|/".includes(piece) ? element("mo", [piece], { stretchy: "false" }) : element("mo", [piece]);
  }

  #letter(letter: string): MathNode {
    if (this.#font === "upright") return element("mi", [letter], { mathvariant: "normal" });
    return element("mi", [shaped(letter, this.#font)]);
  }

  #command(name: string): MathNode {
    const letter = LETTERS.get(name);
    if (letter !== undefined) return /\p{L}/u.test(letter) ? this.#letter(letter) : element("mi", [letter]);
    const sign = SIGNS.get(name) ?? LARGE.get(name);
    if (sign !== undefined) return element("mo", [sign]);
    const fenced = FENCES.get(name);
    if (fenced !== undefined) return element("mo", [fenced], { stretchy: "false" });
    const room = ROOM.get(name === " " ? "space" : name);
    if (room !== undefined) return space(room);
    if (FUNCTIONS.has(name)) return element("mi", [name], { class: "name" });
    const limits = LIMITS.get(name);
    if (limits !== undefined) return element("mo", [limits], { class: "limits", movablelimits: "true" });
    return this.#marked(name) ?? this.#built(name);
  }

  /** Letters in another shape, text, and accents. */
  #marked(name: string): MathNode | undefined {
    const font = FONTS.get(name);
    if (font !== undefined && !TEXTS.has(name)) return this.#inFont(font, name.length === 2 && name !== "bm");
    if (TEXTS.has(name)) return element("mtext", [plainText(this.tokens.braced())]);
    const accent = ACCENTS.get(name);
    if (accent !== undefined)
      return element("mover", [this.argument(), element("mo", [accent], { stretchy: "false" })], { accent: "true" });
    const cover = COVERS.get(name);
    if (cover !== undefined)
      return element("mover", [this.argument(), element("mo", [cover], { stretchy: "true" })], {
        accent: "true",
        class: "limits",
      });
    const ground = GROUNDS.get(name);
    if (ground === undefined) return undefined;
    return element("munder", [this.argument(), element("mo", [ground], { stretchy: "true" })], {
      accentunder: "true",
      class: "limits",
    });
  }

  /** An old command holds to the end of its group; a new one for what it is given. */
  #inFont(font: string, isToEnd: boolean): MathNode {
    const before = this.#font;
    this.#font = font === "italic" ? "" : font;
    if (isToEnd) return element("mrow");
    const node = this.argument();
    this.#font = before;
    return node;
  }

  #built(name: string): MathNode {
    if (FRACTIONS.has(name)) return this.#fraction(name);
    if (BINOMIALS.has(name)) {
      const parts = [this.argument(), this.argument()];
      return row([fence("("), element("mfrac", parts, { linethickness: "0" }), fence(")")]);
    }
    if (IGNORED.has(name)) return element("mrow");
    if (PLAIN.has(name)) return name === "mathstrut" ? element("mrow") : this.argument();
    const size = /^(big|Big|bigg|Bigg)[lrm]?$/.exec(name)?.[1];
    if (size !== undefined) return this.#large(SIZES[size] as string);
    switch (name) {
      case "sqrt": {
        const index = this.tokens.bracketed();
        const inside = this.argument();
        return index === undefined ? element("msqrt", [inside]) : element("mroot", [inside, partOf(index)]);
      }
      case "left":
        return this.#fenced();
      case "begin":
        return this.#environment();
      case "operatorname": {
        const words = plainText(this.tokens.braced());
        return element("mi", [words], { class: "name", ...([...words].length === 1 && { mathvariant: "normal" }) });
      }
      case "mathop":
        return element("mrow", [this.argument()], { class: "limits" });
      case "overset":
      case "stackrel": {
        const above = this.argument();
        return element("mover", [this.argument(), above]);
      }
      case "underset": {
        const below = this.argument();
        return element("munder", [this.argument(), below]);
      }
      case "xrightarrow":
      case "xleftarrow":
        return this.#longArrow(name === "xrightarrow" ? "→" : "←");
      case "substack":
        return arrays(partsOf(this.tokens.braced()), "substack");
      case "phantom":
      case "hphantom":
      case "vphantom":
        return element("mphantom", [this.argument()]);
      case "boxed":
      case "fbox":
        return element("mrow", [this.argument()], { class: "boxed" });
      case "cancel":
      case "bcancel":
      case "xcancel":
        return element("mrow", [this.argument()], { class: "cancelled" });
      case "not": {
        const { tag, attributes, children } = this.argument();
        return element(tag, [`${children.join("")}\u0338`], attributes);
      }
      case "bmod":
        return element("mo", ["mod"]);
      case "pmod":
        return row([space("1em"), fence("("), element("mi", ["mod"]), space("0.3em"), this.argument(), fence(")")]);
      case "mod":
        return row([space("1em"), element("mi", ["mod"]), space("0.3em")]);
      case "tag":
        return row([space("2em"), element("mtext", [`(${plainText(this.tokens.braced())})`])]);
      case "label":
      case "vspace":
        this.tokens.braced();
        return element("mrow");
      case "hspace":
        this.tokens.braced();
        return space("1em");
      case "color":
        this.tokens.braced();
        return element("mrow");
      case "textcolor":
        this.tokens.braced();
        return this.argument();
    }
    throw new NotReadable(`\\${name} is not known`);
  }

  #fraction(name: string): MathNode {
    const fraction = element("mfrac", [this.argument(), this.argument()]);
    if (name === "frac") return fraction;
    return element("mstyle", [fraction], { displaystyle: String(name !== "tfrac") });
  }

  #longArrow(arrow: string): MathNode {
    const below = this.tokens.bracketed();
    const above = element("mpadded", [this.argument()], { lspace: "0.4em", width: "+0.8em" });
    const line = element("mo", [arrow], { stretchy: "true" });
    return below === undefined ? element("mover", [line, above]) : element("munderover", [line, partOf(below), above]);
  }

  #large(size: string): MathNode {
    return element("mo", [this.#fenceSign()], { minsize: size, maxsize: size, stretchy: "true" });
  }

  #fenced(): MathNode {
    const nodes: MathNode[] = [fence(this.#fenceSign())];
    for (;;) {
      nodes.push(...this.rowUntil(() => false));
      const piece = this.tokens.take();
      if (piece !== "\\right" && piece !== "\\middle") throw new NotReadable("\\right is missing");
      nodes.push(fence(this.#fenceSign()));
      if (piece === "\\right") return element("mrow", nodes);
    }
  }

  /** "" where a dot says that nothing stands there. */
  #fenceSign(): string {
    const piece = this.tokens.take();
    const sign = FENCES.get(piece.length > 1 && piece !== "\\|" ? piece.slice(1) : piece);
    if (sign === undefined) throw new NotReadable(`${piece} is no bracket`);
    return piece === "." ? "" : sign;
  }

  #environment(): MathNode {
    const name = this.tokens.braced().replace(/\*$/, "");
    if (!isArray(name)) throw new NotReadable(`${name} is not known`);
    const columns = name === "array" || name === "alignedat" || name === "alignat" ? this.tokens.braced() : "";
    const rows: MathNode[][] = [[]];
    for (;;) {
      rows.at(-1)?.push(row(this.rowUntil(() => false)));
      const piece = this.tokens.take();
      if (piece === "\\\\" || piece === "\\cr") {
        this.tokens.bracketed();
        rows.push([]);
      } else if (piece === "\\end") break;
      else if (piece !== "&") throw new NotReadable("\\end is missing");
    }
    if (this.tokens.braced().replace(/\*$/, "") !== name) throw new NotReadable("another environment ends here");
    return arrays(rows, name, columns);
  }
}

function isLarge({ tag, children }: MathNode): boolean {
  const [sign] = children;
  return tag === "mo" && typeof sign === "string" && [...LARGE.values()].includes(sign) && !isIntegral(sign);
}

function attached(
  base: MathNode,
  hasLimits: boolean,
  below: MathNode | undefined,
  above: MathNode | undefined,
): MathNode {
  if (below !== undefined && above !== undefined)
    return element(hasLimits ? "munderover" : "msubsup", [base, below, above]);
  if (below !== undefined) return element(hasLimits ? "munder" : "msub", [base, below]);
  if (above !== undefined) return element(hasLimits ? "mover" : "msup", [base, above]);
  return base;
}

export function fence(sign: string): MathNode {
  return element("mo", [sign], { fence: "true", stretchy: "true" });
}

function space(width: string): MathNode {
  return element("mspace", [], { width });
}

/** A formula inside another, which was read as text. */
function partOf(tex: string): MathNode {
  return row(new Parser(new Tokens(tex)).rowUntil(() => false));
}

function partsOf(tex: string): MathNode[][] {
  return tex.split("\\\\").map((line) => [partOf(line)]);
}

/** Words in a formula: signs with a backslash stand for themselves, and blanks at the edges are kept. */
function plainText(text: string): string {
  return text
    .replace(/\\[a-zA-Z]+\s*\{([^{}]*)\}/g, "$1")
    .replace(/\\([%#$&_{}])/g, "$1")
    .replace(/[{}$]/g, "")
    .replace(/^\s+|\s+$/g, "\u00a0");
}
