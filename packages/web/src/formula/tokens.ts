// TeX in its pieces: commands, braces, single signs. Blanks count only where text is read.

/** What cannot be read; the formula is then shown as it was written. */
export class NotReadable extends Error {}

/** A formula that is longer takes too long to draw, in UTF-16 units. */
const MOST = 8_000;

/** Reads a formula piece by piece. */
export class Tokens {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    if (text.length > MOST) throw new NotReadable("too long");
    this.#text = text;
  }

  /** The next piece without taking it; "" at the end. A command begins with its backslash. */
  get next(): string {
    this.#skip();
    const rest = this.#text.slice(this.#at, this.#at + 40);
    return /^\\(?:[a-zA-Z]+\*?|[\s\S])/.exec(rest)?.[0] ?? [...rest][0] ?? "";
  }

  take(): string {
    const { next } = this;
    this.#at += next.length;
    return next;
  }

  /** Takes the next piece where it is this one. */
  takes(piece: string): boolean {
    if (this.next !== piece) return false;
    this.take();
    return true;
  }

  expect(piece: string): void {
    if (!this.takes(piece)) throw new NotReadable(`${piece} is missing`);
  }

  /** A whole number with its point, where one stands. */
  number(): string {
    this.#skip();
    const [digits = ""] = /^\d+(?:[.,]\d+)*/.exec(this.#text.slice(this.#at)) ?? [];
    this.#at += digits.length;
    return digits;
  }

  /** What stands between braces, as it was written, blanks too. */
  braced(): string {
    this.expect("{");
    let depth = 1;
    const start = this.#at;
    for (; depth > 0; this.#at++) {
      const sign = this.#text[this.#at];
      if (sign === undefined) throw new NotReadable("} is missing");
      if (sign === "\\") this.#at++;
      else if (sign === "{") depth++;
      else if (sign === "}") depth--;
    }
    return this.#text.slice(start, this.#at - 1);
  }

  /** What stands between square brackets, where they follow. */
  bracketed(): string | undefined {
    if (this.next !== "[") return undefined;
    const end = this.#text.indexOf("]", this.#at);
    if (end === -1) throw new NotReadable("] is missing");
    const inside = this.#text.slice(this.#text.indexOf("[", this.#at) + 1, end);
    this.#at = end + 1;
    return inside;
  }

  /** Blanks, and remarks to the end of their line. */
  #skip(): void {
    const [blanks = ""] = /^(?:\s|(?<!\\)%[^\n]*\n?)*/.exec(this.#text.slice(this.#at)) ?? [];
    this.#at += blanks.length;
  }
}
