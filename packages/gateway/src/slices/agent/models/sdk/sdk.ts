/**
 * Asks a model and yields its answer step by step. The only file that knows the AI SDK, which is imported when the
 * first question is asked. Providers are called below the SDK's own loop (`doStream`): retries, time limits and tools
 * are ours, and the loop would triple the CPU of a run.
 */

import { ignore } from "../../../../base/errors.ts";
import type { Log } from "../../../../base/log.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { ModelError } from "../model-error.ts";
import { Pictures } from "../pictures.ts";
import type { ModelPort, ModelRequest, ModelStep } from "../port.ts";
import { Keyring } from "../providers/keyring.ts";
import { errorOfConnection } from "../providers/provider-errors.ts";
import { failureOf } from "../providers/provider-fetch.ts";
import type { Model, Provider } from "../providers/providers.ts";
import type { Traffic } from "../traffic.ts";
import { checkedSteps, type Quirks, type RawStep } from "./answer.ts";
import { LanguageModels } from "./language-models.ts";
import { toCallOptions } from "./sdk-call.ts";
import { AnswerReader } from "./sdk-steps.ts";
import type { StreamPart } from "./sdk-types.ts";

const ATTEMPTS = 3;
const MAX_RETRY_AFTER_MS = 20_000;

export interface SdkModelsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** What is known of the keys; its own when not given. */
  readonly keyring?: Keyring;
  /** Records the traffic of runs, while somebody wants that. */
  readonly traffic?: () => Traffic | undefined;
}

/** The AI SDK as the port. */
export class SdkModels implements ModelPort {
  readonly #keyring: Keyring;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #languageModels: LanguageModels;
  readonly #pictures = new Pictures();
  /** Models that think without marking the beginning of it, by their names. */
  readonly #unmarked = new Set<string>();
  readonly #quirks: Quirks = {
    thinksUnmarked: (ref) => this.#unmarked.has(ref),
    noteUnmarked: (ref) => void this.#unmarked.add(ref),
  };
  /** Base URLs of providers that refuse to summarise their reasoning. */
  readonly #withoutSummaries = new Set<string>();

  constructor({ clock, log, keyring = new Keyring(clock), traffic = () => undefined }: SdkModelsOptions) {
    this.#keyring = keyring;
    this.#clock = clock;
    this.#log = log;
    this.#languageModels = new LanguageModels({ clock, traffic });
  }

  /**
   * Tries up to three times before the first word, and also each of the provider's keys; text that has been sent cannot
   * be taken back. A question without an answer is asked once more; one that was refused for a picture is asked without
   * it.
   */
  async *stream(request: ModelRequest): AsyncGenerator<ModelStep> {
    const { model, signal } = request;
    const { baseUrl } = model.provider;
    let blamed: ModelError | undefined;
    let hasAskedAgain = false;
    for (let attempt = 1; ; ) {
      const provider = this.#keyring.pick(model.provider);
      const messages = this.#pictures.shown(request.messages, baseUrl);
      let began = false;
      let said = false;
      try {
        const asked = { ...request, messages, model: { ...model, provider } };
        for await (const step of checkedSteps(this.#attempt(asked), asked, this.#quirks)) {
          began = true;
          said = step.kind === "taken-back" ? false : said || isWord(step);
          yield step;
        }
        this.#keyring.worked(model.provider, provider);
        this.#pictures.noteTaken(messages, baseUrl);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ModelError)) throw error;
        const hasAnother = this.#keyring.failed(model.provider, provider, error);
        if (said) throw error;
        if (blamed && error.kind === "permanent") {
          this.#pictures.forgive(request.messages, baseUrl);
          throw blamed;
        }
        if (hasAnother) this.#noteKey(model, provider, error);
        else if (this.#isForPictures(error, messages, baseUrl)) {
          blamed = error;
          this.#log.warn("a picture was refused; the model is asked without it", {
            model: model.ref,
            problem: error.message,
          });
        } else if (error.kind === "empty" && !error.isFinal && !hasAskedAgain) {
          hasAskedAgain = true;
          this.#log.warn("the model is asked once more", { model: model.ref, problem: error.message });
        } else if (!this.#learned(error, model)) {
          const delayMs = attempt === ATTEMPTS ? undefined : retryDelayMs(error, attempt);
          if (delayMs === undefined) throw error;
          this.#log.warn("the model is asked again", { model: model.ref, problem: error.message, delayMs });
          await this.#clock.sleep(delayMs, signal);
          attempt++;
        }
        if (began) yield { kind: "taken-back" };
      }
    }
  }

  /** Whether pictures may be why a request was refused; they are left out from then on. */
  #isForPictures(error: ModelError, messages: ModelRequest["messages"], baseUrl: string): boolean {
    const { kind, isAboutPictures } = error;
    const mayBe = isAboutPictures || (kind === "permanent" && this.#pictures.areNew(messages, baseUrl));
    return mayBe && this.#pictures.noteRefused(messages, baseUrl);
  }

  #noteKey(model: Model, provider: Provider, error: ModelError): void {
    const key = this.#keyring.numberOf(model.provider, provider);
    this.#log.warn("a key of the model's provider rests; another is used", {
      model: model.ref,
      key,
      problem: error.message,
    });
  }

  /** Whether the error shows that the request must be made differently. */
  #learned({ kind, message }: ModelError, { provider: { api, baseUrl } }: Model): boolean {
    if (api !== "openai" || kind !== "permanent" || !/reasoning.summar/i.test(message)) return false;
    if (this.#withoutSummaries.has(baseUrl)) return false;
    this.#withoutSummaries.add(baseUrl);
    return true;
  }

  async *#attempt(request: ModelRequest): AsyncGenerator<RawStep> {
    const { model, signal } = request;
    signal.throwIfAborted();
    const language = await this.#languageModels.of(model);
    const ended = new AbortController();
    const reading = new AnswerReader(model);
    const either = AbortSignal.any([signal, ended.signal]);
    let reader: ReadableStreamDefaultReader<StreamPart> | undefined;
    try {
      const { stream } = await language.doStream({
        ...toCallOptions(request, { noSummaries: this.#withoutSummaries.has(model.provider.baseUrl) }),
        abortSignal: either,
      });
      reader = stream.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const { type } = part.value;
        if (type === "error" || type === "finish") throwIfFailed(either);
        yield* reading.stepsOf(part.value);
      }
      throwIfFailed(either);
    } catch (error) {
      signal.throwIfAborted();
      throwIfFailed(either);
      throw errorOfConnection(error, model.provider);
    } finally {
      // Also end the request when the consumer stops early.
      ended.abort();
      reader?.cancel().catch((error: unknown) => ignore(error, "the stream has ended or is ended here"));
    }
  }
}

/** The provider's error comes before the SDK's interpretation of it. */
function throwIfFailed(signal: AbortSignal): void {
  const failure = failureOf(signal);
  if (failure) throw failure;
}

/** Whether people may have seen this step. */
function isWord({ kind }: ModelStep): boolean {
  return kind === "text" || kind === "tool-call";
}

function retryDelayMs(error: ModelError, attempt: number): number | undefined {
  if (error.isFinal || (error.kind !== "temporary" && error.kind !== "rate-limited")) return undefined;
  const delayMs = error.retryAfterMs ?? 500 * 2 ** (attempt - 1);
  return delayMs <= MAX_RETRY_AFTER_MS ? delayMs : undefined;
}
