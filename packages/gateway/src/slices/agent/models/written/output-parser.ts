/**
 * What a model wrote as text, told apart: its answer, its thoughts between marks, and tool calls that it wrote out. Text
 * goes on at once; only what may be the beginning of a mark waits for what follows. What is in code or in a quotation
 * is shown, not done. The work is linear in the length of the text, however it is made up: every mark is looked for once,
 * within bounds, and what has been read of a line is kept as a few facts.
 */
import { CALL_MARKS, mayBeginCall } from "./call-marks.ts";

/** A piece of what was written. */
export type Piece =
  | { readonly kind: "text" | "reasoning"; readonly text: string }
  /** All text so far were thoughts, whose beginning the model did not mark. */
  | { readonly kind: "were-thoughts" }
  /** A call written out, without its marks. `block` is the whole code block that people see when it is no call. */
  | { readonly kind: "call"; readonly written: string; readonly block?: string };

/** Marks around thoughts: DeepSeek, Qwen and many others; Mistral; Kimi; Seed. */
const THOUGHTS = "think|thinking|thought|thoughts|reasoning|seed:think";
const OPENING = new RegExp(String.raw`<\s{0,8}(?:${THOUGHTS})\s{0,8}>|\[THINK\]|◁think▷`, "i");
const CLOSING = new RegExp(String.raw`<\s{0,8}/\s{0,8}(?:${THOUGHTS})\s{0,8}>|\[/THINK\]|◁/think▷`, "i");
/** gpt-oss writes messages: a header, `<|message|>`, a text, and how it ends. */
const HEADER = /<\|(?:start|channel)\|>/i;
const MESSAGE = "<|message|>";
const MESSAGE_END = /<\|(?:end|return|call)\|>/i;
const MAX_HEADER_CHARS = 300;
const END_OF_THOUGHTS = new RegExp(`${CLOSING.source}|${MESSAGE_END.source}|(?=${HEADER.source})`, "i");
const END_OF_CALL = new RegExp(`${MESSAGE_END.source}|(?=<\\|start\\|>)`, "i");
/** All that may begin here. */
const MARK = new RegExp(
  [OPENING, CLOSING, HEADER, MESSAGE_END, ...CALL_MARKS.map(({ start }) => start)]
    .map(({ source }) => source)
    .join("|"),
  "i",
);
/** The beginnings of marks: text that ends like one of them waits. */
const BEGINNINGS = [
  ...THOUGHTS.split("|").flatMap((name) => [`<${name}>`, `</${name}>`]),
  ...["[think]", "[/think]", "◁think▷", "◁/think▷", "<|end|>", "<|return|>", "<|call|>", "<|start|>", "<|channel|>"],
];
/** Longer than any mark. */
const LONGEST = 120;
/** A call is no longer than this; more is text. */
const MAX_CALL_CHARS = 200_000;

interface CallState {
  readonly kind: "call";
  readonly end: RegExp;
  written: string;
  /** The mark of a code block. */
  readonly block?: string;
}

type State =
  | { readonly kind: "text" }
  | { readonly kind: "thoughts" }
  | { readonly kind: "header"; readonly mark: string }
  | CallState;

const TEXT: State = { kind: "text" };
const IN_THOUGHTS: State = { kind: "thoughts" };

/** Reads one answer. */
export class OutputParser {
  #rest = "";
  #state: State = TEXT;
  readonly #line = new Line();
  /** The model is known to think without marking the beginning: the first end of thoughts counts wherever it stands. */
  #thinksUnmarked: boolean;
  /** Thoughts that began in the middle of a line: perhaps the model only speaks of the mark. */
  #doubtful: string | undefined;
  /** Text that has been handed on since the last thoughts. */
  #hasText = false;

  constructor({ thinksUnmarked = false } = {}) {
    this.#thinksUnmarked = thinksUnmarked;
  }

  /** Takes in more text; yields the pieces of which it is certain by now what they are. */
  *take(delta: string): Generator<Piece> {
    this.#rest += delta;
    yield* joined(this.#read(false));
  }

  /** Yields the rest when the answer has ended. */
  *end(): Generator<Piece> {
    yield* joined(this.#read(true));
    if (this.#state.kind === "call") yield pieceOf(this.#state, "");
    if (this.#doubtful !== undefined) yield { kind: "text", text: this.#doubtful };
  }

  *#read(isEnd: boolean): Generator<Piece> {
    while (this.#rest !== "") {
      const { length } = this.#rest;
      const state = this.#state;
      if (state.kind === "text") yield* this.#readText(isEnd);
      else if (state.kind === "thoughts") yield* this.#readThoughts(isEnd);
      else if (state.kind === "header") yield* this.#readHeader(state.mark, isEnd);
      else yield* this.#readCall(state, isEnd);
      if (this.#rest.length === length && this.#state === state) return;
    }
  }

  *#readText(isEnd: boolean): Generator<Piece> {
    const found = MARK.exec(this.#rest);
    if (!found) {
      const held = isEnd ? 0 : heldBack(this.#rest);
      yield* this.#say(this.#skip(this.#rest.length - held));
      return;
    }
    yield* this.#say(this.#skip(found.index));
    const [mark] = found;
    if (this.#line.isShown) return yield* this.#say(this.#skip(mark.length));
    if (CLOSING.test(mark)) return yield* this.#readClosing(mark, isEnd);
    this.#skip(mark.length);
    const call = CALL_MARKS.find(({ start }) => start.test(mark));
    if (call?.isBlock && !this.#line.isBlank) yield* this.#say(mark);
    else if (call) {
      const { end, isPart = false, isBlock = false } = call;
      this.#state = { kind: "call", end, written: isPart ? mark : "", ...(isBlock && { block: mark }) };
    } else if (HEADER.test(mark)) this.#state = { kind: "header", mark };
    else if (OPENING.test(mark)) this.#open(mark);
  }

  #open(mark: string): void {
    this.#state = IN_THOUGHTS;
    if (!this.#line.isBlank) this.#doubtful = mark;
  }

  /** The end of thoughts whose beginning was not marked; or the model only speaks of the mark. */
  *#readClosing(mark: string, isEnd: boolean): Generator<Piece> {
    const isReal = this.#thinksUnmarked || this.#line.isBlank || this.#closes(mark, isEnd);
    if (isReal === undefined) return;
    this.#skip(mark.length);
    if (!isReal) return yield* this.#say(mark);
    this.#line.reset();
    if (this.#hasText) yield { kind: "were-thoughts" };
    this.#hasText = false;
    this.#thinksUnmarked = false;
    this.#rest = this.#rest.trimStart();
  }

  /**
   * Whether a mark within a line ends thoughts. Models put it right behind their last word, and the answer or a line's end
   * right behind it; who speaks of it puts a blank, a quotation mark or a full stop around. After a blank it counts where an
   * empty line follows. Undefined until that has come.
   */
  #closes(mark: string, isEnd: boolean): boolean | undefined {
    if (this.#line.last === " ") {
      const behind = this.#rest.slice(mark.length, mark.length + 5);
      if (/^[ \t]?(?:\r?\n)?\r?$/.test(behind) && !isEnd) return undefined;
      return /^[ \t]?\r?\n\r?\n/.test(behind);
    }
    if (!/[^\s"'“‘«([{<]/u.test(this.#line.last)) return false;
    if (this.#rest.length === mark.length) return isEnd ? true : undefined;
    return /^(?:[ \t]?\r?\n|[\p{L}\p{N}\p{S}*#_-])/u.test(this.#rest.slice(mark.length, mark.length + 4));
  }

  /** What a header of gpt-oss begins: a call when it names a recipient, else thoughts or the answer. */
  *#readHeader(mark: string, isEnd: boolean): Generator<Piece> {
    const head = this.#rest.slice(0, MAX_HEADER_CHARS);
    const end = head.indexOf(MESSAGE);
    const lineEnd = head.indexOf("\n");
    if (end < 0 && lineEnd < 0 && head.length < MAX_HEADER_CHARS && !isEnd) return;
    this.#state = TEXT;
    if (end < 0 || (lineEnd >= 0 && lineEnd < end)) {
      if (/start/i.test(mark)) this.#skip(/^(?:assistant)?/.exec(head)![0].length);
      else yield* this.#say(mark);
      return;
    }
    const header = this.#skip(end);
    this.#skip(MESSAGE.length);
    const recipient = /\bto=([\w.-]+)/.exec(header)?.[1];
    if (recipient !== undefined) this.#state = { kind: "call", end: END_OF_CALL, written: recipient };
    else if (/\b(?:analysis|commentary)\b/.test(header)) this.#open(`${mark}${header}${MESSAGE}`);
  }

  *#readThoughts(isEnd: boolean): Generator<Piece> {
    const found = END_OF_THOUGHTS.exec(this.#rest);
    const held = found || isEnd ? 0 : heldBack(this.#rest);
    const text = this.#skip(found ? found.index : this.#rest.length - held);
    this.#skip(found?.[0].length ?? 0);
    if (this.#doubtful !== undefined) this.#doubtful += text;
    else if (text !== "") yield { kind: "reasoning", text };
    if (!found) return;
    if (this.#doubtful !== undefined) yield { kind: "reasoning", text: withoutOpening(this.#doubtful) };
    this.#doubtful = undefined;
    this.#state = TEXT;
  }

  *#readCall(call: CallState, isEnd: boolean): Generator<Piece> {
    const found = call.end.exec(this.#rest);
    const held = found || isEnd ? 0 : Math.min(this.#rest.length, LONGEST);
    call.written += this.#skip(found ? found.index : this.#rest.length - held);
    this.#skip(found?.[0].length ?? 0);
    if (!found && call.written.length <= MAX_CALL_CHARS) return;
    this.#state = TEXT;
    yield pieceOf(call, found?.[0] ?? "");
  }

  *#say(text: string): Generator<Piece> {
    if (text === "") return;
    this.#line.take(text);
    if (text.trim() !== "") this.#hasText = true;
    yield { kind: "text", text };
  }

  /** Takes so many characters off the rest. */
  #skip(count: number): string {
    const text = this.#rest.slice(0, count);
    this.#rest = this.#rest.slice(count);
    return text;
  }
}

/** Joins texts that follow each other. */
function* joined(pieces: Iterable<Piece>): Generator<Piece> {
  let text = "";
  for (const piece of pieces) {
    if (piece.kind === "text") text += piece.text;
    else {
      if (text !== "") yield { kind: "text", text };
      text = "";
      yield piece;
    }
  }
  if (text !== "") yield { kind: "text", text };
}

function pieceOf({ written, block }: CallState, end: string): Piece {
  return { kind: "call", written, ...(block !== undefined && { block: `${block}${written}${end}` }) };
}

function withoutOpening(thoughts: string): string {
  const header = HEADER.test(thoughts.slice(0, 12)) ? thoughts.indexOf(MESSAGE) + MESSAGE.length : 0;
  return thoughts.slice(header).replace(OPENING, "");
}

/** The line that a text is in, as far as it has come. */
class Line {
  /** The first three characters of the line that are no blanks. */
  #head = "";
  #backticks = 0;
  #isFenced = false;
  #last = "";

  take(text: string): void {
    for (let at = 0; ; ) {
      const end = text.indexOf("\n", at);
      this.#takePart(end < 0 ? text.slice(at) : text.slice(at, end));
      if (end < 0) return;
      if (this.#isFence) this.#isFenced = !this.#isFenced;
      this.reset();
      at = end + 1;
    }
  }

  reset(): void {
    this.#head = "";
    this.#backticks = 0;
    this.#last = "";
  }

  get isBlank(): boolean {
    return this.#head === "";
  }

  /** The last character, "" at the beginning. */
  get last(): string {
    return this.#last;
  }

  /** Whether what follows is code or a quotation. */
  get isShown(): boolean {
    return this.#isFenced || this.#isFence || this.#backticks % 2 === 1 || /^[>|]/.test(this.#head);
  }

  get #isFence(): boolean {
    return this.#head === "```" || this.#head === "~~~";
  }

  #takePart(part: string): void {
    if (part === "") return;
    if (this.#head.length < 3) this.#head = (this.#head + part).trimStart().slice(0, 3);
    for (let at = part.indexOf("`"); at >= 0; at = part.indexOf("`", at + 1)) this.#backticks++;
    this.#last = part.at(-1)!;
  }
}

/** How much of the end of a text may be the beginning of a mark. */
function heldBack(text: string): number {
  const end = text.slice(-LONGEST).toLowerCase();
  for (let at = 0; at < end.length; at++) {
    const sign = end[at];
    if (sign !== "<" && sign !== "[" && sign !== "◁" && sign !== "`") continue;
    const tail = end.slice(at).replace(/\s+/g, "");
    if (BEGINNINGS.some((mark) => mark.startsWith(tail)) || mayBeginCall(tail)) return end.length - at;
  }
  return 0;
}
