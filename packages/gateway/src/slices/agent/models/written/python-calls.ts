/** Calls in Python's syntax, as Gemma and LFM write them: `clock(zone="UTC")`, several of them, or a list. */

/** A call as it stands there. Values without a name come first. */
export interface PythonCall {
  readonly name: string;
  readonly values: readonly unknown[];
  readonly named: readonly (readonly [name: string, value: unknown])[];
}

const MAX_CALLS = 32;
const MAX_DEPTH = 50;

/** The calls that a text consists of; undefined when it holds anything else. Takes time linear in its length. */
export function pythonCalls(text: string): PythonCall[] | undefined {
  try {
    return new Reader(text).calls();
  } catch (error) {
    if (error instanceof NoCall) return undefined;
    throw error;
  }
}

/** The text is no list of calls. */
class NoCall extends Error {}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  calls(): PythonCall[] {
    const calls: PythonCall[] = [];
    const isList = this.#skips("[");
    while (calls.length < MAX_CALLS) {
      calls.push(this.#shownCall());
      if (!this.#skips(",") && !this.#skips(";") && (isList || this.#isOver)) break;
      if (this.#isOver) break;
    }
    if (isList) this.#expect("]");
    if (!this.#isOver) throw new NoCall();
    return calls;
  }

  /** Some models print what their calls answer, or keep it in a variable. */
  #shownCall(): PythonCall {
    this.#take(/[A-Za-z_]\w{0,63}\s{0,8}=(?!=)/y);
    if (!this.#take(/print\s{0,8}\((?=\s{0,8}[A-Za-z_][\w.]{0,99}\s{0,8}\()/y)) return this.#call();
    const call = this.#call();
    this.#expect(")");
    return call;
  }

  #call(): PythonCall {
    const name = this.#take(/[A-Za-z_][\w.-]{0,99}/y);
    if (name === undefined || name === "print") throw new NoCall();
    this.#expect("(");
    const values: unknown[] = [];
    const named: [string, unknown][] = [];
    this.#each(")", () => {
      const key = this.#take(/[A-Za-z_]\w{0,99}\s{0,8}=(?!=)/y);
      const value = this.#value(MAX_DEPTH);
      if (key === undefined) values.push(value);
      else named.push([key.slice(0, -1).trim(), value]);
    });
    return { name, values, named };
  }

  #value(depth: number): unknown {
    if (depth === 0) throw new NoCall();
    if (this.#skips("[")) return this.#list("]", depth);
    if (this.#skips("(")) return this.#list(")", depth);
    if (this.#skips("{")) return this.#dictionary(depth);
    const quoted = this.#string();
    if (quoted !== undefined) return quoted;
    const number = this.#take(/[+-]?\d{1,400}(?:\.\d{0,400})?(?:[eE][+-]?\d{1,3})?/y);
    if (number !== undefined) return Number(number);
    const word = this.#take(/[A-Za-z]{1,8}/y)?.toLowerCase();
    if (word === "true" || word === "false") return word === "true";
    if (word === "none" || word === "null") return null;
    throw new NoCall();
  }

  #list(end: string, depth: number): unknown[] {
    const values: unknown[] = [];
    this.#each(end, () => values.push(this.#value(depth - 1)));
    return values;
  }

  #dictionary(depth: number): Record<string, unknown> {
    const pairs: [string, unknown][] = [];
    this.#each("}", () => {
      const key = this.#value(depth - 1);
      this.#expect(":");
      pairs.push([String(key), this.#value(depth - 1)]);
    });
    return Object.fromEntries(pairs);
  }

  /** Reads values with commas between them, to the end's sign. */
  #each(end: string, read: () => void): void {
    while (!this.#skips(end)) {
      read();
      if (this.#skips(",")) continue;
      this.#expect(end);
      return;
    }
  }

  #string(): string | undefined {
    const isRaw = this.#take(/[rR](?=["'])/y) !== undefined;
    const quote = this.#take(/"""|'''|"|'/y);
    if (quote === undefined) return undefined;
    const start = this.#at;
    for (let end = start; ; end++) {
      const sign = this.#text[end];
      if (sign === undefined || (sign === "\n" && quote.length === 1)) throw new NoCall();
      if (sign === "\\") end++;
      else if (this.#text.startsWith(quote, end)) {
        this.#at = end + quote.length;
        const inner = this.#text.slice(start, end);
        return isRaw ? inner : inner.replace(ESCAPE, unescaped);
      }
    }
  }

  get #isOver(): boolean {
    this.#blanks();
    return this.#at >= this.#text.length;
  }

  #skips(sign: string): boolean {
    this.#blanks();
    if (!this.#text.startsWith(sign, this.#at)) return false;
    this.#at += sign.length;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#skips(sign)) throw new NoCall();
  }

  /** What a sticky pattern finds here. */
  #take(pattern: RegExp): string | undefined {
    this.#blanks();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  /** Blanks and comments. */
  #blanks(): void {
    const blanks = /\s*(?:#[^\n]*\s*)*/y;
    blanks.lastIndex = this.#at;
    this.#at += blanks.exec(this.#text)?.[0].length ?? 0;
  }
}

const ESCAPE = /\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|[\s\S])/g;
const LETTERS: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\", "'": "'", '"': '"' };

/** What an escape stands for; an unknown one stands for itself, and a line end after a backslash for nothing. */
function unescaped(written: string): string {
  const [, letter = "", ...digits] = written;
  if (digits.length > 0) return String.fromCharCode(Number.parseInt(digits.join(""), 16));
  return letter === "\n" ? "" : (LETTERS[letter] ?? written);
}
