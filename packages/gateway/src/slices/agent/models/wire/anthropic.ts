/** Anthropic's messages, and what is compatible with them. */

import { jsonOr } from "../../../../base/json.ts";
import {
  argumentsIn,
  countsIn,
  type Json,
  known,
  numberIn,
  objectIn,
  objectsIn,
  type StreamNormalizer,
  textIn,
} from "./json.ts";

/** Blocks that we ask for; what servers do beside is not for us. */
const BLOCKS: ReadonlySet<unknown> = new Set(["text", "thinking", "redacted_thinking", "tool_use"]);

export class AnthropicNormalizer implements StreamNormalizer {
  isClosed = false;
  hasContent = false;
  #hasBegun = false;
  #hasReason = false;
  /** The blocks that are open, with their kind; those that we do not know are not passed on. */
  readonly #open = new Map<number, string>();
  readonly #unknown = new Set<number>();
  #last = 0;

  read(event: Json): Json[] {
    switch (event.type) {
      case "message_start":
        return this.#start(event);
      case "content_block_start":
        return [...this.#begin(), ...this.#block(event)];
      case "content_block_delta":
        return [...this.#begin(), ...this.#delta(event)];
      case "content_block_stop":
        return this.#stop(numberIn(event.index) ?? this.#last);
      case "message_delta":
        return [...this.#begin(), ...this.#end(event)];
      case "message_stop":
        return [...this.#begin(), ...this.close()];
      default:
        return [];
    }
  }

  before(event: Json): Json[] {
    this.hasContent = true;
    return [...this.#begin(), ...this.#opened(numberIn(event.index) ?? this.#last, "text")];
  }

  close(): Json[] {
    if (this.isClosed) return [];
    this.isClosed = true;
    const hasCall = [...this.#open.values()].includes("tool_use");
    const stops = [...this.#open.keys()].flatMap((index) => this.#stop(index));
    const reason = this.#hasReason ? [] : [messageDelta({ stop_reason: hasCall ? "tool_use" : "end_turn" }, {})];
    return [...stops, ...reason, { type: "message_stop" }];
  }

  whole(body: unknown): Json[] | undefined {
    const message = objectIn(body);
    if (!message || !Array.isArray(message.content)) return undefined;
    const blocks = objectsIn(message.content).flatMap((block, index) => {
      const deltas: Json[] = [
        ...(typeof block.text === "string" ? [{ type: "text_delta", text: block.text }] : []),
        ...(typeof block.thinking === "string" ? [{ type: "thinking_delta", thinking: block.thinking }] : []),
        ...(typeof block.signature === "string" ? [{ type: "signature_delta", signature: block.signature }] : []),
        ...(block.type === "tool_use" ? [{ type: "input_json_delta", partial_json: argumentsIn(block.input) }] : []),
      ];
      return [
        { type: "content_block_start", index, content_block: { ...block, text: "", thinking: "", input: {} } },
        ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
        { type: "content_block_stop", index },
      ];
    });
    const { stop_reason, usage } = message;
    return [
      { type: "message_start", message },
      ...blocks,
      { type: "message_delta", delta: { stop_reason }, usage },
      { type: "message_stop" },
    ];
  }

  #begin(): Json[] {
    return this.#hasBegun ? [] : this.#start({});
  }

  #start(event: Json): Json[] {
    if (this.#hasBegun) return [];
    this.#hasBegun = true;
    const { id, model, usage } = objectIn(event.message) ?? {};
    const message = { type: "message", role: "assistant", content: [], stop_reason: null, stop_sequence: null };
    const counts = { input_tokens: 0, output_tokens: 0, ...countsIn(usage) };
    return [{ type: "message_start", message: { ...message, id: textIn(id), model: textIn(model), usage: counts } }];
  }

  #block({ index: given, content_block }: Json): Json[] {
    const block = objectIn(content_block) ?? {};
    const index = numberIn(given) ?? (this.#open.size === 0 && this.#last === 0 ? 0 : this.#last + 1);
    this.#last = index;
    if (!BLOCKS.has(block.type)) {
      this.#unknown.add(index);
      return [];
    }
    this.#unknown.delete(index);
    if (block.type !== "text" && block.type !== "thinking") this.hasContent = true;
    this.#open.set(index, String(block.type));
    return [{ type: "content_block_start", index, content_block: blockOf(block, index) }];
  }

  /** A delta of a block that nobody has opened. */
  #opened(index: number, type: "text" | "thinking"): Json[] {
    if (this.#open.has(index) || this.#unknown.has(index)) return [];
    this.#last = index;
    this.#open.set(index, type);
    return [{ type: "content_block_start", index, content_block: blockOf({ type }, index) }];
  }

  #delta(event: Json): Json[] {
    const index = numberIn(event.index) ?? this.#last;
    const delta = deltaOf(objectIn(event.delta) ?? {});
    if (!delta || this.#unknown.has(index)) return [];
    this.hasContent = true;
    const opening = this.#opened(index, delta.type === "thinking_delta" ? "thinking" : "text");
    return [...opening, { type: "content_block_delta", index, delta }];
  }

  #stop(index: number): Json[] {
    if (!this.#open.delete(index)) return [];
    return [{ type: "content_block_stop", index }];
  }

  #end({ delta, usage }: Json): Json[] {
    const { stop_reason, stop_sequence } = objectIn(delta) ?? {};
    const reason = textIn(stop_reason);
    // Counts of tokens on the way.
    if (!reason) return [];
    const stops = [...this.#open.keys()].flatMap((index) => this.#stop(index));
    this.#hasReason = true;
    return [...stops, messageDelta({ stop_reason: reason, stop_sequence: textIn(stop_sequence) ?? null }, usage)];
  }
}

function messageDelta(delta: Json, usage: unknown): Json {
  return {
    type: "message_delta",
    delta: { stop_sequence: null, ...delta },
    usage: { output_tokens: 0, ...countsIn(usage) },
  };
}

function blockOf({ type, id, name, input, text, thinking, signature, data }: Json, index: number): Json {
  if (type === "text") return { type, text: textIn(text) ?? "" };
  if (type === "thinking") return known({ type, thinking: textIn(thinking) ?? "", signature: textIn(signature) });
  if (type === "redacted_thinking") return { type, data: textIn(data) ?? "" };
  return { type, id: textIn(id) || `call_${index}`, name: textIn(name) ?? "", input: objectIn(input) ?? parsed(input) };
}

function parsed(input: unknown): Json {
  return objectIn(jsonOr(String(input))) ?? {};
}

function deltaOf({ type, text, thinking, signature, partial_json }: Json): Json | undefined {
  if (type === "text_delta" && textIn(text)) return { type, text: textIn(text) };
  if (type === "thinking_delta" && textIn(thinking)) return { type, thinking: textIn(thinking) };
  if (type === "signature_delta" && textIn(signature)) return { type, signature: textIn(signature) };
  if (type === "input_json_delta") return { type, partial_json: argumentsIn(partial_json) };
  return undefined;
}
