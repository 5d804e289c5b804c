/**
 * Asks a model and yields its answer step by step. The only file that knows the AI SDK, which is imported when the
 * first question is asked. Providers are called below the SDK's own loop (`doStream`): retries, time limits and tools
 * are ours, and the loop would triple the CPU of a run.
 */
import type { Clock } from "../../base/clock.ts";
import { ignore } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { thinOut } from "./event-stream.ts";
import { errorOfConnection, errorOfResponse, ModelError } from "./model-error.ts";
import type { ModelPort, ModelRequest, ModelStep } from "./port.ts";
import type { Model, Provider } from "./providers.ts";
import { type LanguageModel, type StreamPart, stepsOf, toSdkMessage, toSdkTool } from "./sdk-messages.ts";

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

  async *#attempt({ model, system, messages, tools, signal, thinking }: ModelRequest): AsyncGenerator<ModelStep> {
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
        ...(tools && tools.length > 0 && { tools: tools.map(toSdkTool) }),
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
