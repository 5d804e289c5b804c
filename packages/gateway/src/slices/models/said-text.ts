/**
 * What a model wrote as text, told apart: its answer, its thoughts between marks, and tool calls that it wrote out. Text
 * goes on at once; only what may be the beginning of a mark waits for what follows. What stands in code or in a quotation
 * is shown, not done.
 */

/** A piece of what was written. */
export type Piece =
  | { readonly kind: "text" | "reasoning"; readonly text: string }
  /** All text so far were thoughts, whose beginning the model did not mark. */
  | { readonly kind: "were-thoughts" }
  /** A call written out, without its marks. */
  | { readonly kind: "call"; readonly written: string };

/** Marks around thoughts: DeepSeek, Qwen and many others; Mistral; Kimi; Seed; gpt-oss. */
const THOUGHTS = "think|thinking|thought|thoughts|reasoning|seed:think";
const OPENING = new RegExp(
  `<\\s*(?:${THOUGHTS})\\s*>|\\[THINK\\]|◁think▷|<\\|channel\\|>(?:analysis|commentary)<\\|message\\|>`,
  "i",
);
const CLOSING = new RegExp(`<\\s*/\\s*(?:${THOUGHTS})\\s*>|\\[/THINK\\]|◁/think▷|<\\|end\\|>`, "i");
/** What stands around gpt-oss's answer. */
const FRAMES = /<\|start\|>(?:assistant)?|<\|channel\|>final<\|message\|>|<\|return\|>|<\|end\|>/i;
/** Where a call begins, with what ends it; a call may also be the end of the answer. */
const CALLS: readonly (readonly [RegExp, RegExp])[] = [
  [/<\s*(?:tool_call|function_call|toolcall)\s*>/i, /<\s*\/\s*(?:tool_call|function_call|toolcall)\s*>/i],
  [/<function=[\w.-]{1,64}>/i, /<\/function>/i],
  [/\[TOOL_CALLS\]/, /<\/s>/],
  [/<\|python_tag\|>/, /<\|eom_id\|>|<\|eot_id\|>/],
];
/** All that may begin here. */
const MARK = new RegExp(
  [OPENING, CLOSING, FRAMES, ...CALLS.map(([start]) => start)].map(({ source }) => source).join("|"),
  "i",
);
/** The beginnings of marks: text that ends like one of them waits. */
const BEGINNINGS = [
  ...THOUGHTS.split("|").flatMap((name) => [`<${name}>`, `</${name}>`]),
  ...["[think]", "[/think]", "◁think▷", "◁/think▷", "[tool_calls]", "<|python_tag|>", "<|end|>", "<|return|>"],
  ...["<tool_call>", "<function_call>", "<toolcall>", "<function=", "<|start|>assistant"],
  ...["<|channel|>analysis<|message|>", "<|channel|>commentary<|message|>", "<|channel|>final<|message|>"],
];
const LONGEST = 80;
/** A call is no longer than this; more is text. */
const MAX_CALL_CHARS = 200_000;

/** Reads one answer. */
export class SaidText {
  #rest = "";
  #state: "text" | "thoughts" | { readonly end: RegExp; written: string } = "text";
  /** The line that the text is in, as far as it has come, and whether it is within a code fence. */
  #line = "";
  #isFenced = false;
  /** Thoughts that began in the middle of a line: perhaps the model only speaks of the mark. */
  #doubtful: string | undefined;
  /** Text that has been handed on since the last thoughts. */
  #hasText = false;

  /** What more text brings. */
  *take(delta: string): Generator<Piece> {
    this.#rest += delta;
    yield* this.#read(false);
  }

  /** What is left at the end. */
  *end(): Generator<Piece> {
    yield* this.#read(true);
    if (typeof this.#state === "object") yield { kind: "call", written: this.#state.written };
    if (this.#doubtful !== undefined) yield { kind: "text", text: this.#doubtful };
  }

  *#read(isEnd: boolean): Generator<Piece> {
    while (this.#rest !== "") {
      const before = this.#rest;
      if (this.#state === "text") yield* this.#readText(isEnd);
      else if (this.#state === "thoughts") yield* this.#readThoughts(isEnd);
      else yield* this.#readCall(this.#state, isEnd);
      if (this.#rest === before) return;
    }
  }

  *#readText(isEnd: boolean): Generator<Piece> {
    const found = MARK.exec(this.#rest);
    if (!found) {
      const held = isEnd ? 0 : heldBack(this.#rest);
      const text = this.#rest.slice(0, this.#rest.length - held);
      this.#rest = this.#rest.slice(text.length);
      yield* this.#say(text);
      return;
    }
    yield* this.#say(this.#rest.slice(0, found.index));
    const [mark] = found;
    this.#rest = this.#rest.slice(found.index + mark.length);
    if (this.#isShown()) return yield* this.#say(mark);
    const call = CALLS.find(([start]) => start.test(mark));
    if (call) this.#state = { end: call[1], written: /^<function=/i.test(mark) ? mark : "" };
    else if (OPENING.test(mark)) this.#open(mark);
    else if (CLOSING.test(mark) && !FRAMES.test(mark)) yield* this.#close();
  }

  #open(mark: string): void {
    this.#state = "thoughts";
    if (this.#line.trim() !== "") this.#doubtful = mark;
  }

  /** The end of thoughts whose beginning was not marked. */
  *#close(): Generator<Piece> {
    this.#line = "";
    if (this.#hasText) yield { kind: "were-thoughts" };
    this.#hasText = false;
    this.#rest = this.#rest.trimStart();
  }

  *#readThoughts(isEnd: boolean): Generator<Piece> {
    const found = CLOSING.exec(this.#rest);
    const held = found || isEnd ? 0 : heldBack(this.#rest);
    const text = found ? this.#rest.slice(0, found.index) : this.#rest.slice(0, this.#rest.length - held);
    this.#rest = this.#rest.slice(text.length + (found?.[0].length ?? 0));
    if (this.#doubtful !== undefined) this.#doubtful += text;
    else if (text !== "") yield { kind: "reasoning", text };
    if (!found) return;
    if (this.#doubtful !== undefined) yield { kind: "reasoning", text: this.#doubtful.replace(OPENING, "") };
    this.#doubtful = undefined;
    this.#state = "text";
  }

  *#readCall(call: { readonly end: RegExp; written: string }, isEnd: boolean): Generator<Piece> {
    const found = call.end.exec(this.#rest);
    const held = found || isEnd ? 0 : Math.min(this.#rest.length, LONGEST);
    const text = found ? this.#rest.slice(0, found.index) : this.#rest.slice(0, this.#rest.length - held);
    call.written += text;
    this.#rest = this.#rest.slice(text.length + (found?.[0].length ?? 0));
    if (!found && call.written.length <= MAX_CALL_CHARS) return;
    this.#state = "text";
    yield { kind: "call", written: call.written };
  }

  *#say(text: string): Generator<Piece> {
    if (text === "") return;
    const lines = text.split("\n");
    for (const [index, line] of lines.entries()) {
      if (index > 0) {
        if (/^\s*(?:```|~~~)/.test(this.#line)) this.#isFenced = !this.#isFenced;
        this.#line = "";
      }
      this.#line += line;
    }
    if (text.trim() !== "") this.#hasText = true;
    yield { kind: "text", text };
  }

  /** Whether what follows is code or a quotation. */
  #isShown(): boolean {
    if (this.#isFenced || /^\s*(?:```|~~~)/.test(this.#line)) return true;
    const backticks = this.#line.split("`").length - 1;
    return backticks % 2 === 1 || /^\s*[>|]/.test(this.#line);
  }
}

/** How much of the end of a text may be the beginning of a mark. */
function heldBack(text: string): number {
  const end = text.slice(-LONGEST).toLowerCase();
  for (let at = 0; at < end.length; at++) {
    const sign = end[at];
    if (sign !== "<" && sign !== "[" && sign !== "◁") continue;
    const tail = end.slice(at).replace(/\s+/g, "");
    if (BEGINNINGS.some((mark) => mark.startsWith(tail)) || /^<function=[\w.-]*$/.test(tail)) return end.length - at;
  }
  return 0;
}
