/** Reads what an IMAP client says: lines whose strings may be literals, which the server asks for first (RFC 3501, 4.3 and 7.5). */

/** An atom or a string, or a list of such. */
export type Argument = string | readonly Argument[];

export interface Command {
  readonly tag: string;
  /** In capitals; `UID FETCH` is one name. */
  readonly name: string;
  readonly args: readonly Argument[];
}

/** What is known of the bytes so far: a whole line, or that more must come, perhaps after being asked for. */
export type Reading =
  | { readonly kind: "line"; readonly bytes: Buffer; readonly rest: Buffer }
  | { readonly kind: "more"; readonly literalsAsked: number };

/** Finds the end of the first line; literals in it may hold line ends. */
export function readLine(bytes: Buffer): Reading {
  let literalsAsked = 0;
  for (let from = 0; ; ) {
    const end = bytes.indexOf("\r\n", from);
    if (end < 0) return { kind: "more", literalsAsked };
    const literal = /\{(\d+)(\+?)\}$/.exec(bytes.toString("latin1", from, end));
    if (!literal) return { kind: "line", bytes: bytes.subarray(0, end), rest: bytes.subarray(end + 2) };
    if (literal[2] === "") literalsAsked++;
    from = end + 2 + Number(literal[1]);
    if (from > bytes.length) return { kind: "more", literalsAsked };
  }
}

/** Reads a line. Throws an `Error` for what is no command. */
export function commandOf(line: Buffer): Command {
  const [tag, name, ...args] = new Reader(line.toString("latin1")).all();
  if (typeof tag !== "string" || typeof name !== "string") throw new Error("no command");
  const isUid = name.toUpperCase() === "UID" && typeof args[0] === "string";
  return isUid
    ? { tag, name: `UID ${String(args[0]).toUpperCase()}`, args: args.slice(1) }
    : { tag, name: name.toUpperCase(), args };
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  all(end = ""): Argument[] {
    const found: Argument[] = [];
    for (;;) {
      while (this.#text[this.#at] === " ") this.#at++;
      const next = this.#text[this.#at] ?? "";
      if (next === end) {
        this.#at++;
        return found;
      }
      if (next === "") throw new Error("a list has no end");
      found.push(this.#one(next));
    }
  }

  #one(next: string): Argument {
    if (next === "(") {
      this.#at++;
      return this.all(")");
    }
    if (next === '"') return this.#quoted();
    const literal = /^\{(\d+)\+?\}\r\n/.exec(this.#text.slice(this.#at, this.#at + 20));
    if (!literal) return this.#atom();
    const begin = this.#at + literal[0].length;
    this.#at = begin + Number(literal[1]);
    return this.#text.slice(begin, this.#at);
  }

  #quoted(): string {
    const [whole, inner = ""] = /^"((?:[^"\\]|\\["\\])*)"/.exec(this.#text.slice(this.#at)) ?? [];
    if (whole === undefined) throw new Error("a string has no end");
    this.#at += whole.length;
    return inner.replace(/\\(["\\])/g, "$1");
  }

  /** Sections stand in brackets, and may hold spaces and lists. */
  #atom(): string {
    const [atom = ""] = /^(?:\[[^\]]*\]|[^\s()"[])+/.exec(this.#text.slice(this.#at)) ?? [];
    if (atom === "") throw new Error("a word is expected");
    this.#at += atom.length;
    return atom;
  }
}
