/** From the parts of the SDK's stream to our steps. */

import { ModelError } from "../model-error.ts";
import type { ProviderData, Usage } from "../port.ts";
import { errorInStream } from "../providers/provider-errors.ts";
import type { Model } from "../providers/providers.ts";
import { readArgs } from "../written/call-args.ts";
import type { RawStep } from "./answer.ts";
import type { StreamPart } from "./sdk-types.ts";

/** More than any model's longest answer. */
const MAX_ANSWER_CHARS = 1_000_000;

/**
 * Reads one answer. Reasoning is stamped at its end with what its maker wants to see again: until then it is unsigned,
 * and a provider would refuse it.
 */
export class AnswerReader {
  readonly #model: Model;
  readonly #stamps = new Map<string, ProviderData>();
  #chars = 0;

  constructor(model: Model) {
    this.#model = model;
  }

  /** The steps of a part of the stream, at most two. Throws `ModelError` for an error in the stream. */
  *stepsOf(part: StreamPart): Generator<RawStep> {
    if ("delta" in part) this.#count(part.delta);
    switch (part.type) {
      case "text-delta":
        if (part.delta !== "") yield { kind: "text", delta: part.delta };
        return;
      case "reasoning-start":
        return this.#note(part.id, part.providerMetadata);
      case "reasoning-delta":
        this.#note(part.id, part.providerMetadata);
        if (part.delta !== "") yield { kind: "reasoning", delta: part.delta };
        return;
      case "reasoning-end": {
        this.#note(part.id, part.providerMetadata);
        const stamp = this.#stamps.get(part.id);
        this.#stamps.delete(part.id);
        if (stamp) yield { kind: "reasoning", delta: "", providerData: stamped(stamp, this.#model) };
        return;
      }
      case "tool-call":
        return yield toolCall(part, this.#model);
      case "error":
        throw errorInStream(part.error, this.#model.provider);
      case "finish":
        return yield* ending(part);
    }
  }

  /** Bounds the answer: a model in a loop writes for ever. */
  #count({ length }: string): void {
    this.#chars += length;
    if (this.#chars <= MAX_ANSWER_CHARS) return;
    const { id, provider } = this.#model;
    const limit = MAX_ANSWER_CHARS.toLocaleString("en-US");
    throw new ModelError(
      "permanent",
      `${id} of ${provider.label} was stopped: its answer did not end after ${limit} characters.`,
    );
  }

  #note(id: string, metadata: ProviderData | undefined): void {
    if (!metadata) return;
    const before = this.#stamps.get(id) ?? {};
    const merged = Object.entries(metadata).map(([name, data]) => [name, { ...(before[name] ?? {}), ...(data ?? {}) }]);
    this.#stamps.set(id, { ...before, ...Object.fromEntries(merged) });
  }
}

/** The property that names the model that made a part. */
export const MAKER = "maker";

function stamped(data: ProviderData, { ref }: Model): ProviderData {
  return { ...data, [MAKER]: ref };
}

function toolCall(part: Extract<StreamPart, { type: "tool-call" }>, model: Model): RawStep {
  const { toolCallId: callId, toolName: name, input: raw, providerMetadata } = part;
  const args = readArgs(raw);
  return {
    ...{ kind: "tool-call", callId, name, args, raw },
    ...(providerMetadata && { providerData: stamped(providerMetadata, model) }),
  };
}

function* ending(part: Extract<StreamPart, { type: "finish" }>): Generator<RawStep> {
  const { unified, raw } = part.finishReason;
  yield { kind: "usage", usage: toUsage(part.usage) };
  yield { kind: "end", unified, raw };
}

function toUsage({ inputTokens, outputTokens }: Extract<StreamPart, { type: "finish" }>["usage"]): Usage {
  const input = inputTokens.total ?? 0;
  const output = outputTokens.total ?? 0;
  return {
    input,
    output,
    ...(inputTokens.cacheRead ? { cacheRead: inputTokens.cacheRead } : {}),
    ...(inputTokens.cacheWrite ? { cacheWrite: inputTokens.cacheWrite } : {}),
    totalTokens: input + output,
  };
}
