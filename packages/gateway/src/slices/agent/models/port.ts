/** The port between runs and models: messages in, steps out. It knows no provider's wire format. */
import type { TSchema } from "@sinclair/typebox";
import type { Model } from "./providers/providers.ts";

/**
 * Data that a provider needs back with a part that it sent: signatures of reasoning, ids of items. Opaque JSON. It is
 * stored in the transcript and sent to the model that made it only.
 */
export type ProviderData = Readonly<Record<string, unknown>>;

/** A part of a message to a model. */
export type ModelPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "image"; readonly mimeType: string; readonly data: Uint8Array }
  | { readonly kind: "reasoning"; readonly text: string; readonly providerData?: ProviderData | undefined }
  | {
      readonly kind: "tool-call";
      readonly callId: string;
      readonly name: string;
      readonly args: unknown;
      readonly providerData?: ProviderData | undefined;
    };

/** The answer to one tool call. */
export interface ToolReply {
  readonly callId: string;
  readonly name: string;
  readonly text: string;
  readonly images?: readonly { readonly mimeType: string; readonly data: Uint8Array }[] | undefined;
  readonly isError: boolean;
}

/**
 * A message to a model, without the system prompt. Reasoning and tool calls occur only in the assistant's messages.
 * Every tool call is answered in the message that follows it.
 */
export type ModelMessage =
  | { readonly role: "user" | "assistant"; readonly content: readonly ModelPart[] }
  | { readonly role: "tool"; readonly replies: readonly ToolReply[] };

/** A tool as a model is told of it. */
export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its arguments: an object. */
  readonly parameters: TSchema | Readonly<Record<string, unknown>>;
}

/** How hard a model thinks before it answers. */
export type Thinking = "off" | "minimal" | "low" | "medium" | "high" | "xhigh";

/** Tokens of one question and its answer. `input` includes what was read from the provider's cache. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly totalTokens: number;
}

/** Why an answer ended. */
export type FinishReason = "stop" | "length" | "refusal" | "tool-calls" | "other";

/**
 * One step of an answer. `answering` comes first and again whenever another model takes over; then deltas while the
 * answer comes, complete tool calls, `usage`, and `finish` last. `note` is a sentence that people must see: another
 * model answers than the one they chose. `taken-back` voids the text and the thoughts that this answer has brought so far:
 * they were none, or the question is asked again. The `note` of a `finish` tells people what is missing of the answer.
 */
export type ModelStep =
  | { readonly kind: "answering"; readonly provider: string; readonly model: string }
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "text"; readonly delta: string }
  | { readonly kind: "reasoning"; readonly delta: string; readonly providerData?: ProviderData | undefined }
  | {
      readonly kind: "tool-call";
      readonly callId: string;
      readonly name: string;
      /** The arguments as an object; undefined when the model wrote something else, which is in `raw`. */
      readonly args: unknown;
      readonly raw: string;
      readonly providerData?: ProviderData | undefined;
    }
  | { readonly kind: "usage"; readonly usage: Usage }
  | { readonly kind: "taken-back" }
  | { readonly kind: "finish"; readonly reason: FinishReason; readonly note?: string };

export interface ModelRequest {
  readonly model: Model;
  /** Fallback models, asked in turn when this one fails for a reason that another may not share. */
  readonly fallbacks?: readonly Model[] | undefined;
  readonly system: string;
  /** The end of the system prompt, which changes with every run, so that providers can cache the rest. */
  readonly systemTail?: string | undefined;
  readonly messages: readonly ModelMessage[];
  readonly tools?: readonly ToolSpec[] | undefined;
  readonly signal: AbortSignal;
  readonly thinking?: Thinking | undefined;
  /** Whether an empty end is a valid answer, because the text was sent with a tool. */
  readonly hasSpoken?: boolean | undefined;
  /** The run that the traffic belongs to, where traffic is recorded. */
  readonly runId?: string | undefined;
  /** The conversation that it is counted for; canonical. */
  readonly sessionKey?: string | undefined;
}

/** What a run asks. Throws `ModelError`, or the signal's reason when it aborts; the HTTP request is closed then. */
export interface ModelPort {
  stream(request: ModelRequest): AsyncIterable<ModelStep>;
}

/** Counts what every question and its answer took, and refuses those that the budgets forbid. */
export interface Meter {
  /** Passes the steps on. Throws `GatewayError` before anything is asked when a budget is used up. */
  watch(request: ModelRequest, steps: AsyncIterable<ModelStep>): AsyncIterable<ModelStep>;
}
