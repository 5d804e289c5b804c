/** One question as the SDK's model takes it: the prompt, the tools, and how hard to think, said in the provider's way. */

import { defined } from "../../../../base/defined.ts";
import type { ModelMessage, ModelRequest, Thinking, ToolSpec } from "../port.ts";
import { RUN_HEADER } from "../providers/provider-fetch.ts";
import type { Model } from "../providers/providers.ts";
import { plainMessages } from "../written/plain-messages.ts";
import { toSdkPrompt } from "./sdk-prompt.ts";
import type { CallOptions, SdkOptions, SdkTool } from "./sdk-types.ts";

/** What is known of a provider beside its settings. */
export interface CallHints {
  /**
   * Whether reasoning summaries must not be requested: OpenAI gives them to verified organisations only, and refuses
   * other requests.
   */
  readonly noSummaries: boolean;
}

/** The SDK's call options; the signal is the caller's to add. */
export function toCallOptions(
  { model, system, systemTail, messages, tools = [], thinking, runId }: ModelRequest,
  { noSummaries }: CallHints,
): CallOptions {
  const reasoning = reasoningOf(model, thinking, messages);
  const offered = model.tools === false ? [] : tools;
  return {
    prompt: toSdkPrompt({ system, systemTail }, offered.length > 0 ? messages : plainMessages(messages), model),
    ...(offered.length > 0 && {
      tools: offered.map((tool, index) => toSdkTool(tool, model, index === offered.length - 1)),
    }),
    ...defined({ maxOutputTokens: model.maxTokens, reasoning }),
    ...(model.provider.api === "openai" && { providerOptions: openaiOptions(model, reasoning, noSummaries) }),
    ...(runId !== undefined && { headers: { [RUN_HEADER]: encodeURIComponent(runId) } }),
  };
}

function toSdkTool(
  { name, description, parameters }: ToolSpec,
  { provider: { api } }: Model,
  isLast: boolean,
): SdkTool {
  return {
    type: "function",
    name,
    description,
    inputSchema: parameters as Extract<SdkTool, { inputSchema: unknown }>["inputSchema"],
    // OpenAI would rewrite schemas with optional fields; Anthropic keeps all tools in its cache up to a mark.
    ...(api === "openai" && { strict: false }),
    ...(api === "anthropic" && isLast && { providerOptions: { anthropic: { cacheControl: { type: "ephemeral" } } } }),
  };
}

/** Nothing is stored at OpenAI: data that a model needs again comes back encrypted with our next question. */
function openaiOptions(
  { reasoning: thinks }: Model,
  level: CallOptions["reasoning"],
  noSummaries: boolean,
): SdkOptions {
  const isThinking = level !== undefined && level !== "none";
  return {
    openai: {
      store: false,
      ...(thinks === true && { forceReasoning: true }),
      ...(isThinking && { reasoningSummary: noSummaries ? null : "auto" }),
    },
  };
}

/** The level in the SDK's words; undefined leaves it to the model. */
function reasoningOf(
  model: Model,
  thinking: Thinking | undefined,
  messages: readonly ModelMessage[],
): CallOptions["reasoning"] {
  const { api } = model.provider;
  if (thinking === undefined || model.reasoning === false) return undefined;
  // Only a model that is known to think has a word for not thinking; few compatible servers know one.
  if (thinking === "off") return model.reasoning && (api === "openai" || api === "google") ? "none" : undefined;
  if (api === "anthropic") return isUnsigned(messages) ? undefined : thinking;
  if (api !== "openai-compatible") return thinking;
  return thinking === "xhigh" ? "high" : thinking === "minimal" ? "low" : thinking;
}

/** Anthropic refuses to think on in the middle of a turn whose tool calls were made without its signed thoughts. */
function isUnsigned(messages: readonly ModelMessage[]): boolean {
  if (messages.at(-1)?.role !== "tool") return false;
  const turn = messages.findLast(({ role }) => role === "assistant");
  return turn?.role === "assistant" && !turn.content.some((part) => part.kind === "reasoning" && part.providerData);
}
