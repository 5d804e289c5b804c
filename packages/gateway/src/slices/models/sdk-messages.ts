/** Between our messages and steps and those of the AI SDK. Types of the SDK only: nothing is loaded. */
import { ModelError } from "./model-error.ts";
import type {
  FinishReason,
  ModelMessage,
  ModelPart,
  ModelStep,
  ProviderData,
  ToolReply,
  ToolSpec,
  Usage,
} from "./port.ts";
import { errorInStream } from "./provider-errors.ts";
import type { Provider } from "./providers.ts";

/** The SDK's model, as far as it is used. */
export type LanguageModel = Pick<
  ReturnType<ReturnType<typeof import("@ai-sdk/openai-compatible").createOpenAICompatible>["chatModel"]>,
  "doStream"
>;
export type CallOptions = Parameters<LanguageModel["doStream"]>[0];
export type StreamPart =
  Awaited<ReturnType<LanguageModel["doStream"]>>["stream"] extends ReadableStream<infer Part> ? Part : never;
type SdkMessage = CallOptions["prompt"][number];
type SdkContent = Exclude<Extract<SdkMessage, { role: "assistant" }>["content"][number], string>;
type SdkTool = NonNullable<CallOptions["tools"]>[number];
type SdkOptions = NonNullable<SdkContent["providerOptions"]>;

/** A message as the SDK has it. */
export function toSdkMessage(message: ModelMessage): SdkMessage {
  if (message.role === "tool") return { role: "tool", content: message.replies.map(toSdkReply) };
  return { role: message.role, content: message.content.map(toSdkPart) } as SdkMessage;
}

/** Tools as the SDK has them. */
export function toSdkTool({ name, description, parameters }: ToolSpec): SdkTool {
  return {
    type: "function",
    name,
    description,
    inputSchema: parameters as Extract<SdkTool, { inputSchema: unknown }>["inputSchema"],
  };
}

function toSdkPart(part: ModelPart): SdkContent {
  switch (part.kind) {
    case "text":
      return { type: "text", text: part.text };
    case "image":
      return toSdkFile(part);
    case "reasoning":
      return { type: "reasoning", text: part.text, ...optionsOf(part.providerData) };
    case "tool-call":
      return {
        type: "tool-call",
        toolCallId: part.callId,
        toolName: part.name,
        input: part.args ?? {},
        ...optionsOf(part.providerData),
      };
  }
}

function toSdkReply({ callId, name, text, images, isError }: ToolReply) {
  const output = images?.length
    ? { type: "content" as const, value: [{ type: "text" as const, text }, ...images.map(toSdkFile)] }
    : { type: isError ? ("error-text" as const) : ("text" as const), value: text };
  return { type: "tool-result" as const, toolCallId: callId, toolName: name, output };
}

function toSdkFile({ mimeType, data }: { readonly mimeType: string; readonly data: Uint8Array }) {
  return { type: "file" as const, mediaType: mimeType, data: { type: "data" as const, data } };
}

function optionsOf(providerData: ProviderData | undefined) {
  return providerData && { providerOptions: providerData as SdkOptions };
}

/** What a part of the SDK's stream is to us: at most two steps. Throws `ModelError` for an error in the stream. */
export function* stepsOf(part: StreamPart, provider: Provider): Generator<ModelStep> {
  if (part.type === "text-delta") {
    if (part.delta !== "") yield { kind: "text", delta: part.delta };
  } else if (part.type === "reasoning-delta") {
    if (part.delta !== "" || part.providerMetadata) yield reasoning(part.delta, part.providerMetadata);
  } else if (part.type === "reasoning-end") {
    if (part.providerMetadata) yield reasoning("", part.providerMetadata);
  } else if (part.type === "tool-call") {
    const { toolCallId: callId, toolName: name, input: raw, providerMetadata } = part;
    yield {
      kind: "tool-call",
      callId,
      name,
      args: parsed(raw),
      raw,
      ...(providerMetadata && { providerData: providerMetadata }),
    };
  } else if (part.type === "error") {
    throw errorInStream(part.error, provider);
  } else if (part.type === "finish") {
    const { unified } = part.finishReason;
    if (unified === "interrupted" || unified === "error") {
      throw new ModelError("temporary", `${provider.label} cut its answer off; try again.`);
    }
    yield { kind: "usage", usage: toUsage(part.usage) };
    yield { kind: "finish", reason: FINISH_REASONS[unified] ?? "other" };
  }
}

function reasoning(delta: string, providerData: ProviderData | undefined): ModelStep {
  return { kind: "reasoning", delta, ...(providerData && { providerData }) };
}

/** A model writes its arguments by hand; none at all is an empty object. */
function parsed(raw: string): unknown {
  try {
    return JSON.parse(raw.trim() === "" ? "{}" : raw);
  } catch {
    return undefined;
  }
}

const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  length: "length",
  "content-filter": "refusal",
  "tool-calls": "tool-calls",
};

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
