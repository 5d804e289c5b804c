/**
 * Asks a model and yields its answer step by step. The only file that knows the AI SDK, which is imported when the
 * first question is asked. Providers are called below the SDK's own loop (`doStream`): retries, time limits and tools
 * are ours, and the loop would triple the CPU of a run.
 */
import type { Clock } from "../../base/clock.ts";
import { ignore } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { thinOut } from "./event-stream.ts";
import { errorInStream, errorOfConnection, errorOfResponse, ModelError } from "./model-error.ts";
import type { Model, Provider } from "./providers.ts";

/** A part of a message to a model. */
export type ModelPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "image"; readonly mimeType: string; readonly data: Uint8Array };

/** A message to a model. The system prompt is not one of them. */
export interface ModelMessage {
  readonly role: "user" | "assistant";
  readonly content: readonly ModelPart[];
}

/** How hard a model thinks before it answers. */
export type Thinking = "off" | "minimal" | "low" | "medium" | "high" | "xhigh";

/** Tokens of one question and its answer. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly totalTokens: number;
}

/** Why an answer ended. */
export type FinishReason = "stop" | "length" | "refusal" | "tool-calls" | "other";

/** One step of an answer: deltas while it comes, then usage, then why it ended. Tool calls will be steps too. */
export type ModelStep =
  | { readonly kind: "text"; readonly delta: string }
  | { readonly kind: "reasoning"; readonly delta: string }
  | { readonly kind: "usage"; readonly usage: Usage }
  | { readonly kind: "finish"; readonly reason: FinishReason };

export interface ModelRequest {
  readonly model: Model;
  readonly system: string;
  readonly messages: readonly ModelMessage[];
  readonly signal: AbortSignal;
  readonly thinking?: Thinking | undefined;
}

/** What a run asks. Throws `ModelError`, or the signal's reason when it aborts; the HTTP request is closed then. */
export interface ModelPort {
  stream(request: ModelRequest): AsyncIterable<ModelStep>;
}

const ATTEMPTS = 3;
const MAX_RETRY_AFTER_MS = 20_000;
const STALL_MS = 120_000;
const MODELS_KEPT = 16;

/** The AI SDK as the port. */
export class SdkModels implements ModelPort {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #languageModels = new Map<string, LanguageModel>();

  constructor(options: { clock: Clock; log: Log }) {
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Tries up to three times before the first step; what has been said cannot be taken back. */
  async *stream(request: ModelRequest): AsyncGenerator<ModelStep> {
    for (let attempt = 1; ; attempt++) {
      let said = false;
      try {
        for await (const step of this.#attempt(request)) {
          said = true;
          yield step;
        }
        return;
      } catch (error) {
        request.signal.throwIfAborted();
        if (!(error instanceof ModelError) || said || attempt === ATTEMPTS) throw error;
        const delayMs = retryDelayMs(error, attempt);
        if (delayMs === undefined) throw error;
        this.#log.warn("the model is asked again", { model: request.model.ref, problem: error.message, delayMs });
        await this.#clock.sleep(delayMs, request.signal);
      }
    }
  }

  async *#attempt({ model, system, messages, signal, thinking }: ModelRequest): AsyncGenerator<ModelStep> {
    const { provider } = model;
    signal.throwIfAborted();
    const language = await this.#languageModel(model);
    const ended = new AbortController();
    let reader: ReadableStreamDefaultReader<StreamPart> | undefined;
    try {
      const { stream } = await language.doStream({
        prompt: [
          ...(system === "" ? [] : [{ role: "system" as const, content: system }]),
          ...messages.map(toSdkMessage),
        ],
        abortSignal: AbortSignal.any([signal, ended.signal]),
        // Off is what models do unasked; few servers know a word for it.
        ...(thinking !== undefined && thinking !== "off" && { reasoning: thinking }),
      });
      reader = stream.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        yield* stepsOf(part.value, provider);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw errorOfConnection(error, provider);
    } finally {
      // Also when the consumer stops early: the request must not run on.
      ended.abort();
      reader?.cancel().catch((error: unknown) => ignore(error, "the stream has ended or is ended here"));
    }
  }

  /** The SDK's object for a model. It compiles schemas when it is made, so the last few are kept. */
  async #languageModel(model: Model): Promise<LanguageModel> {
    const { id, provider } = model;
    const key = JSON.stringify([id, provider.id, provider.api, provider.baseUrl, provider.apiKey, provider.headers]);
    const known = this.#languageModels.get(key);
    if (known) return known;
    const made = await openLanguageModel(model, this.#fetchFor(model));
    if (this.#languageModels.size >= MODELS_KEPT) this.#languageModels.clear();
    this.#languageModels.set(key, made);
    return made;
  }

  /** A `fetch` that names errors, gives up on a silent provider, and thins the stream out. */
  #fetchFor({ id, provider }: Model): typeof fetch {
    return async (url, init) => {
      const stalled = new AbortController();
      const watch = () =>
        this.#clock.after(STALL_MS, () =>
          stalled.abort(
            new ModelError("temporary", `${provider.label} has sent nothing for ${STALL_MS / 1000} s; try again.`),
          ),
        );
      const signal = init?.signal ? AbortSignal.any([init.signal, stalled.signal]) : stalled.signal;
      const response = await this.#respond(url, { ...init, signal, redirect: "manual" }, watch, provider);
      if (!response.ok) throw await errorOfResponse(response, provider, id);
      const { body } = response;
      if (!body || !/event-stream/.test(response.headers.get("content-type") ?? "")) return response;
      const bytes = body.getReader();
      const nextChunk = async () => {
        using _watch = watch();
        return (await bytes.read()).value;
      };
      return new Response(streamOf(thinOut(nextChunk, this.#clock)), { status: 200, headers: response.headers });
    };
  }

  async #respond(url: FetchInput, init: RequestInit, watch: () => Disposable, provider: Provider): Promise<Response> {
    using _watch = watch();
    try {
      return await fetch(url, init);
    } catch (error) {
      throw errorOfConnection(error, provider);
    }
  }
}

function streamOf(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
}

function retryDelayMs(error: ModelError, attempt: number): number | undefined {
  if (error.kind !== "temporary" && error.kind !== "rate-limited") return undefined;
  const delayMs = error.retryAfterMs ?? 500 * 2 ** (attempt - 1);
  return delayMs <= MAX_RETRY_AFTER_MS ? delayMs : undefined;
}

type FetchInput = Parameters<typeof fetch>[0];
type LanguageModel = Pick<
  ReturnType<ReturnType<typeof import("@ai-sdk/openai-compatible").createOpenAICompatible>["chatModel"]>,
  "doStream"
>;
type CallOptions = Parameters<LanguageModel["doStream"]>[0];
type SdkMessage = CallOptions["prompt"][number];
type StreamPart =
  Awaited<ReturnType<LanguageModel["doStream"]>>["stream"] extends ReadableStream<infer Part> ? Part : never;

/** Loads the provider's package, if it is the first time, and makes its object for the model. */
async function openLanguageModel({ id, provider }: Model, fetch: typeof globalThis.fetch): Promise<LanguageModel> {
  const { api, baseUrl: baseURL, headers } = provider;
  const apiKey = provider.apiKey ?? "";
  switch (api) {
    case "anthropic":
      return (await import("@ai-sdk/anthropic")).createAnthropic({ baseURL, apiKey, headers, fetch })(id);
    case "google":
      return (await import("@ai-sdk/google")).createGoogle({ baseURL, apiKey, headers, fetch })(id);
    case "openai":
      return (await import("@ai-sdk/openai")).createOpenAI({ baseURL, apiKey, headers, fetch })(id);
    case "openai-compatible": {
      const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
      const settings = { name: provider.id, baseURL, headers, fetch, includeUsage: true };
      return createOpenAICompatible(apiKey === "" ? settings : { ...settings, apiKey }).chatModel(id);
    }
  }
}

function toSdkMessage({ role, content }: ModelMessage): SdkMessage {
  const parts = content.map((part) =>
    part.kind === "text"
      ? { type: "text" as const, text: part.text }
      : { type: "file" as const, mediaType: part.mimeType, data: { type: "data" as const, data: part.data } },
  );
  return { role, content: parts };
}

function* stepsOf(part: StreamPart, provider: Provider): Generator<ModelStep> {
  if (part.type === "text-delta") {
    if (part.delta !== "") yield { kind: "text", delta: part.delta };
  } else if (part.type === "reasoning-delta") {
    if (part.delta !== "") yield { kind: "reasoning", delta: part.delta };
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
    totalTokens: input + output,
  };
}
