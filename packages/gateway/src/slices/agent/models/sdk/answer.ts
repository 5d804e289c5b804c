/**
 * Judges how a model's answer ends; the one place for this. Everything that asks a model gets its steps from here.
 * Thoughts and calls that the model wrote as text are separated. The end is an answer, an answer with a sentence about
 * what is missing, or a `ModelError` that says whether to ask again, to ask another model, or to tell the person.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { defined } from "../../../../base/defined.ts";
import { ModelError } from "../model-error.ts";
import type { FinishReason, ModelRequest, ModelStep } from "../port.ts";
import { clauseOf } from "../providers/error-text.ts";
import { readArgs } from "../written/call-args.ts";
import { OutputParser, type Piece } from "../written/output-parser.ts";
import { Quotations } from "../written/quotations.ts";
import { callsIn, callsThatAre, MAX_CALLS, mayBeCall, type WrittenCall } from "../written/written-calls.ts";

/** A provider's step before judgement; only here does an end become a `finish`. */
export type RawStep =
  | Exclude<ModelStep, { readonly kind: "answering" | "note" | "taken-back" | "finish" }>
  | {
      readonly kind: "end";
      /** The reason, in the SDK's form and in the provider's. */
      readonly unified: string;
      readonly raw: string | undefined;
    };

/** Models that think without marking the beginning; their answers wait for the end of the thoughts. */
export interface Quirks {
  thinksUnmarked(ref: string): boolean;
  noteUnmarked(ref: string): void;
}

const STEPS_IN_A_TURN = 500;
/** More than any provider's word for an end. */
const MAX_WORD_CHARS = 60;

/** One attempt's steps, judged. Throws `ModelError` when what came is no answer. */
export async function* checkedSteps(
  steps: AsyncIterable<RawStep>,
  request: ModelRequest,
  quirks: Quirks,
): AsyncGenerator<ModelStep> {
  const answer = new Answer(request, quirks);
  let count = 0;
  for await (const step of steps) {
    for (const judgedStep of answer.take(step)) {
      yield judgedStep;
      // One part may contain tens of thousands of marks; yield the event loop in between.
      if (++count % STEPS_IN_A_TURN === 0) await nextTurn();
    }
  }
  yield* answer.end();
}

type Text = Extract<ModelStep, { readonly kind: "text" }>;

class Answer {
  readonly #request: ModelRequest;
  readonly #quirks: Quirks;
  readonly #said: OutputParser;
  /** Text that is not shown yet: blanks before the first word, what may be a call, what may be thoughts. */
  #held = "";
  /** Whether everything waits: for a call that the whole answer may be, or for the end of thoughts. */
  #waits: "call" | "thoughts" | undefined;
  #hasBegun = false;
  /** The text that has been handed on. */
  #shown = "";
  #written: string[] = [];
  #hasCalls = false;
  #end: Extract<RawStep, { readonly kind: "end" }> | undefined;

  constructor(request: ModelRequest, quirks: Quirks) {
    this.#request = request;
    this.#quirks = quirks;
    const thinksUnmarked = quirks.thinksUnmarked(request.model.ref);
    this.#said = new OutputParser({ thinksUnmarked });
    if (thinksUnmarked) this.#waits = "thoughts";
  }

  *take(step: RawStep): Generator<ModelStep> {
    switch (step.kind) {
      case "text":
        return yield* this.#takeText(step);
      case "tool-call":
        this.#hasCalls = true;
        return yield step;
      case "end":
        this.#end = step;
        return;
      default:
        return yield step;
    }
  }

  *end(): Generator<ModelStep> {
    yield* this.#pieces(this.#said.end());
    const calls = this.#writtenCalls();
    if (calls.length === 0 && this.#held.trim() !== "") yield* this.#show(this.#held);
    for (const [index, { name, raw }] of calls.entries()) {
      this.#hasCalls = true;
      yield { kind: "tool-call", callId: `call_written_${index + 1}`, name, args: readArgs(raw), raw };
    }
    const { reason, note } = this.#verdict();
    yield { kind: "finish", reason, ...defined({ note }) };
  }

  *#takeText({ delta }: Text): Generator<ModelStep> {
    yield* this.#pieces(this.#said.take(delta));
  }

  *#pieces(pieces: Iterable<Piece>): Generator<ModelStep> {
    for (const piece of pieces) {
      if (piece.kind === "text") yield* this.#text(piece.text);
      else if (piece.kind === "reasoning") {
        this.#settle();
        yield { kind: "reasoning", delta: piece.text };
      } else if (piece.kind === "call") yield* this.#call(piece);
      else yield* this.#wereThoughts();
    }
  }

  *#call({ written, block }: Extract<Piece, { readonly kind: "call" }>): Generator<ModelStep> {
    if (block !== undefined && callsIn(written, this.#request.tools ?? []).length === 0) yield* this.#text(block);
    else if (this.#written.length < MAX_CALLS) this.#written.push(written);
  }

  *#text(text: string): Generator<ModelStep> {
    const hasWaited = this.#waits !== undefined;
    this.#held += text;
    if (!this.#hasBegun && this.#waits === undefined && mayBeCall(this.#held, this.#request.tools ?? []))
      this.#waits = "call";
    if (this.#waits === "call" && !mayBeCall(this.#held, this.#request.tools ?? [])) this.#waits = undefined;
    // Text that is held without a reason to wait is white space.
    const news = hasWaited ? this.#held : text;
    if (this.#waits === undefined && news.trim() !== "") yield* this.#show(this.#held);
  }

  *#show(text: string): Generator<ModelStep> {
    const delta = this.#hasBegun ? text : text.trimStart();
    this.#held = "";
    this.#hasBegun = true;
    this.#shown += delta;
    yield { kind: "text", delta };
  }

  /** The model marks its thoughts, so nothing needs to wait for them. */
  #settle(): void {
    if (this.#waits === "thoughts") this.#waits = undefined;
  }

  *#wereThoughts(): Generator<ModelStep> {
    const thoughts = this.#shown + this.#held;
    if (this.#shown !== "") yield { kind: "taken-back" };
    if (thoughts.trim() !== "") yield { kind: "reasoning", delta: thoughts };
    this.#quirks.noteUnmarked(this.#request.model.ref);
    this.#shown = "";
    this.#held = "";
    this.#hasBegun = false;
    this.#waits = undefined;
  }

  /** Calls written as text, when the model made no real ones. Quoted calls do not count. */
  #writtenCalls(): WrittenCall[] {
    const { tools = [], messages } = this.#request;
    if (this.#hasCalls || tools.length === 0) return [];
    const quotations = new Quotations(messages);
    const own = this.#written.filter((written) => !quotations.hold(written));
    const calls = own.flatMap((written) => callsIn(written, tools)).slice(0, MAX_CALLS);
    if (calls.length > 0 || this.#written.length > 0 || this.#waits !== "call") return calls;
    return quotations.hold(this.#held) ? [] : callsThatAre(this.#held, tools);
  }

  /** Judges the end. Throws `ModelError` when there is no answer. */
  #verdict(): { readonly reason: FinishReason; readonly note?: string } {
    const { model, hasSpoken = false } = this.#request;
    const { ref } = model;
    const { label } = model.provider;
    const kind = kindOf(this.#end, label);
    if (this.#hasCalls) return { reason: kind === "length" || kind === "refusal" ? kind : "tool-calls" };
    const hasText = this.#shown.trim() !== "";
    if (kind === "refusal") {
      if (!hasText) throw new ModelError("permanent", `${ref} refused to answer; ask differently.`);
      return { reason: kind, note: `${ref} stopped here: it or its provider refuses to go on. Ask differently.` };
    }
    if (kind === "length") {
      if (hasText)
        return {
          reason: kind,
          note: `The answer is cut off here: ${ref} reached its limit. Say “go on” for the rest.`,
        };
      const why = "used up its answer before it said anything; try /think low, or raise its maxTokens";
      throw new ModelError("empty", `${ref} ${why}.`, { isFinal: true });
    }
    if (!hasText && !hasSpoken)
      throw new ModelError("empty", `${ref} ended without an answer; ask again, or choose another with /model.`);
    if (kind !== "other" || !this.#end?.raw) return { reason: kind === "tool-calls" ? "stop" : kind };
    const word = clauseOf(this.#end.raw.slice(0, MAX_WORD_CHARS), model.provider.apiKey);
    return {
      reason: kind,
      note: `${ref} ended its answer here for a reason that is not known${word}. Say “go on” if something is missing.`,
    };
  }
}

/**
 * Finish reasons of providers, matched by what they contain, because each provider composes them differently: OpenAI
 * and compatible ones; Anthropic; Google; Cohere, Mistral, DeepSeek, vLLM, llama.cpp, Ollama.
 */
const WHOLE =
  /^(?:stop(?:ped)?|stop_?(?:sequence|word|token)|end|end_?(?:turn|token|of_?turn|of_?text|of_?sequence)|eos(?:_token)?|eot|finish(?:ed)?|complete[d]?|done|ok|success|normal|tool_?(?:calls?|use|calling)|function_?calls?)$/;
const REFUSED =
  /filter|refus|safety|recitation|block|prohibit|spii|^language$|sensitive|moderat|guardrail|toxic|^risk$|policy|harm/;
const UNREADABLE = /malformed|unexpected_tool_call/;
const BROKEN =
  /error(?!_limit)|abort|cancel|interrupt|insufficient_system_resource|network|timeout|timed_out|fail|overload|rate_limit|unavailable|disconnect/;
const LIMITED = /length|max|limit|token|context|truncat|repetition|quota|budget|incomplete|exceed|continuation|pause/;

function kindOf(end: Extract<RawStep, { readonly kind: "end" }> | undefined, label: string): FinishReason {
  const { unified, raw = "" } = end ?? { unified: "interrupted" };
  const word = raw
    .replace(/(?<=[a-z])(?=[A-Z])/g, "_")
    .toLowerCase()
    .replace(/[\s-]+/g, "_")
    .replace(/^(?:finish|stop)_reason_/, "");
  if (UNREADABLE.test(word))
    throw new ModelError("temporary", `${label}'s model wrote a tool call that cannot be read; try again.`);
  if (REFUSED.test(word) || unified === "content-filter") return "refusal";
  if (WHOLE.test(word)) return unified === "tool-calls" ? unified : "stop";
  if (unified === "length") return "length";
  if (BROKEN.test(word) || unified === "interrupted" || unified === "error")
    throw new ModelError("temporary", `${label} cut its answer off; try again.`);
  if (LIMITED.test(word)) return "length";
  return word === "" && (unified === "stop" || unified === "tool-calls") ? unified : "other";
}
