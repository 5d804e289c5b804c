/** The AI SDK's types, as far as they are used. Nothing is loaded. */

/** The SDK's model. */
export type LanguageModel = Pick<
  ReturnType<ReturnType<typeof import("@ai-sdk/openai-compatible").createOpenAICompatible>["chatModel"]>,
  "doStream"
>;
export type CallOptions = Parameters<LanguageModel["doStream"]>[0];
export type StreamPart =
  Awaited<ReturnType<LanguageModel["doStream"]>>["stream"] extends ReadableStream<infer Part> ? Part : never;
export type SdkMessage = CallOptions["prompt"][number];
export type SdkContent = Exclude<Extract<SdkMessage, { role: "assistant" }>["content"][number], string>;
export type SdkTool = NonNullable<CallOptions["tools"]>[number];
export type SdkOptions = NonNullable<SdkContent["providerOptions"]>;
