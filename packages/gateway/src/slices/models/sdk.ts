/**
 * Asks a model and yields its answer step by step. The only file that knows the AI SDK, which is imported when the
 * first question is asked. Providers are called below the SDK's own loop (`doStream`): retries, time limits and tools
 * are ours, and the loop would triple the CPU of a run.
 */
import type { Clock } from "../../base/clock.ts";
import { ignore } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { LanguageModels } from "./language-models.ts";
import { ModelError } from "./model-error.ts";
import type { ModelPort, ModelRequest, ModelStep } from "./port.ts";
import { errorOfConnection } from "./provider-errors.ts";
import { RUN_HEADER } from "./provider-fetch.ts";
import { type StreamPart, stepsOf, toSdkMessage, toSdkTool } from "./sdk-messages.ts";
import type { Traffic } from "./traffic.ts";

const ATTEMPTS = 3;
const MAX_RETRY_AFTER_MS = 20_000;

export interface SdkModelsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Who keeps the traffic of runs now. */
  readonly traffic?: () => Traffic | undefined;
}

/** The AI SDK as the port. */
export class SdkModels implements ModelPort {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #languageModels: LanguageModels;

  constructor({ clock, log, traffic = () => undefined }: SdkModelsOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#languageModels = new LanguageModels({ clock, traffic });
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

  async *#attempt({
    model,
    system,
    messages,
    tools,
    signal,
    thinking,
    runId,
  }: ModelRequest): AsyncGenerator<ModelStep> {
    const { provider } = model;
    signal.throwIfAborted();
    const language = await this.#languageModels.of(model);
    const ended = new AbortController();
    let reader: ReadableStreamDefaultReader<StreamPart> | undefined;
    try {
      const { stream } = await language.doStream({
        prompt: [
          ...(system === "" ? [] : [{ role: "system" as const, content: system }]),
          ...messages.map(toSdkMessage),
        ],
        ...(tools && tools.length > 0 && { tools: tools.map(toSdkTool) }),
        ...(runId !== undefined && { headers: { [RUN_HEADER]: encodeURIComponent(runId) } }),
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
}

function retryDelayMs(error: ModelError, attempt: number): number | undefined {
  if (error.isFinal || (error.kind !== "temporary" && error.kind !== "rate-limited")) return undefined;
  const delayMs = error.retryAfterMs ?? 500 * 2 ** (attempt - 1);
  return delayMs <= MAX_RETRY_AFTER_MS ? delayMs : undefined;
}
