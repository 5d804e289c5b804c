/** OpenAI's chat completions, as the many servers write them that are compatible with it. */

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

/** A call under way. Some servers count none of them, or all as the first. */
interface Call {
  readonly given: number | undefined;
  readonly id: string | undefined;
  name: string | undefined;
  args: string;
}

export class ChatNormalizer implements StreamNormalizer {
  isClosed = false;
  hasContent = false;
  #hasText = false;
  readonly #calls: Call[] = [];

  read(event: Json): Json[] {
    const choices = objectsIn(event.choices)
      .slice(0, 1)
      .map((choice) => this.#choice(choice));
    const usage = countsIn(event.usage);
    if (choices.length === 0 && !usage) return [];
    const { id, created, model } = event;
    const head = { id: textIn(id), object: "chat.completion.chunk", created: numberIn(created), model: textIn(model) };
    return [known({ ...head, choices, usage })];
  }

  before(): Json[] {
    this.hasContent = true;
    this.#hasText = true;
    return [];
  }

  close(): Json[] {
    this.isClosed = true;
    return [chunk({}, this.#calls.length > 0 ? "tool_calls" : "stop")];
  }

  whole(body: unknown): Json[] | undefined {
    const answer = objectIn(body);
    return objectsIn(answer?.choices).length > 0 ? [answer!] : undefined;
  }

  #choice(choice: Json): Json {
    const given = objectIn(choice.delta) ?? this.#whole(choice);
    const delta = this.#delta(given);
    const reason = textIn(choice.finish_reason);
    if (reason) this.isClosed = true;
    return { index: 0, delta, finish_reason: reason || null };
  }

  /** A last event may repeat everything that was said. */
  #whole({ message, text }: Json): Json {
    if (this.#hasText) return {};
    return objectIn(message) ?? (typeof text === "string" ? { content: text } : {});
  }

  #delta(given: Json): Json {
    const calls = objectsIn(given.tool_calls ?? (given.function_call ? { function: given.function_call } : []));
    const delta = known({
      role: "assistant",
      content: contentIn(given.content),
      refusal: textIn(given.refusal),
      reasoning_content: thoughtIn(given.reasoning_content ?? given.reasoning ?? given.thinking),
      tool_calls: calls.length > 0 ? calls.map((call) => this.#call(call)) : undefined,
    });
    if (delta.content || delta.refusal) this.#hasText = true;
    if (delta.content || delta.refusal || delta.reasoning_content || delta.tool_calls) this.hasContent = true;
    return delta;
  }

  #call(given: Json): Json {
    const inner = objectIn(given.function) ?? given;
    const id = textIn(given.id) || undefined;
    const name = textIn(inner.name) || undefined;
    const args = argumentsIn(inner.arguments);
    const { call, index, isNew } = this.#callOf({ given: numberIn(given.index), id, name, args: "" });
    call.args += args;
    const own = isNew ? { id: call.id ?? `call_${index}`, type: "function" } : {};
    const more = objectIn(given.extra_content);
    return {
      index,
      ...own,
      function: known({ name: isNew ? name : undefined, arguments: args }),
      ...(more && { extra_content: more }),
    };
  }

  #callOf(wanted: Call): { call: Call; index: number; isNew: boolean } {
    const index = this.#calls.findLastIndex((call) => isSame(call, wanted));
    const call = this.#calls[index];
    if (call) {
      const isNamed = call.name === undefined && wanted.name !== undefined;
      if (isNamed) call.name = wanted.name;
      return { call, index, isNew: isNamed };
    }
    return { call: wanted, index: this.#calls.push(wanted) - 1, isNew: true };
  }
}

function isSame(call: Call, { given, id, name }: Call): boolean {
  if (given !== undefined && call.given !== undefined && given !== call.given) return false;
  if (id !== undefined && call.id !== undefined) return id === call.id && (given !== undefined || !isWhole(call.args));
  // A second name in the same place: the first call is complete.
  if (name !== undefined && call.name !== undefined) return !isWhole(call.args) && name === call.name;
  return true;
}

function isWhole(args: string): boolean {
  if (!args.trimEnd().endsWith("}")) return false;
  return jsonOr(args) !== undefined;
}

function contentIn(content: unknown): string | Json[] | undefined {
  if (Array.isArray(content))
    return content.flatMap((part) => (typeof part === "string" ? { type: "text", text: part } : partIn(part)));
  return textIn(content) ?? textIn(objectIn(content)?.text);
}

function partIn(part: unknown): Json[] {
  const object = objectIn(part);
  if (!object) return [];
  if (object.type === undefined && typeof object.text === "string") return [{ type: "text", text: object.text }];
  return typeof object.type === "string" ? [object] : [];
}

function thoughtIn(thought: unknown): string | undefined {
  return textIn(thought) ?? textIn(objectIn(thought)?.text) ?? textIn(objectIn(thought)?.content);
}

function chunk(delta: Json, reason: string): Json {
  return { object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: reason }] };
}
