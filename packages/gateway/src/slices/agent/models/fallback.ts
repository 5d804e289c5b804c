/** Asks other models when one cannot answer, and always says so. */
import type { Log } from "../../../base/log.ts";
import { isTransient } from "../../../base/process/machine.ts";
import { ModelError, type ModelErrorKind } from "./model-error.ts";
import type { ModelRequest, ModelStep } from "./port.ts";
import type { Model } from "./providers/providers.ts";

/**
 * Failures that another model may not share, each with a clause for the note. A refusal or a wrong request is not among
 * them.
 */
const REASONS: Readonly<Partial<Record<ModelErrorKind, string>>> = {
  temporary: "out of order",
  "rate-limited": "no more requests for now",
  "logged-out": "its API key was rejected",
  "no-credit": "no credit left",
  "no-model": "no such model",
  "too-long": "the conversation is longer than it can take",
  empty: "it gave no answer",
};

const RUNS_KEPT = 500;

export class Fallback {
  readonly #ask: (request: ModelRequest) => AsyncIterable<ModelStep>;
  readonly #log: Log;
  /**
   * The answering model of runs in which a fallback took over; it answers to the end of the run, because it knows the
   * work.
   */
  readonly #answering = new Map<string, string>();

  constructor(ask: (request: ModelRequest) => AsyncIterable<ModelStep>, log: Log) {
    this.#ask = ask;
    this.#log = log;
  }

  /**
   * Asks the model, then its fallbacks in turn while no text has come. `answering` comes first; when another model
   * takes over, a `note` and another `answering` come before its first step. Throws the last model's `ModelError`,
   * which also names the others.
   */
  async *stream(request: ModelRequest): AsyncGenerator<ModelStep> {
    const models = this.#candidates(request);
    const failures: Failure[] = [];
    yield answering(models[0]!);
    for (let at = 0; ; ) {
      const model = models[at]!;
      let began = false;
      let said = false;
      try {
        for await (const step of this.#ask({ ...request, model, fallbacks: undefined })) {
          if (!began && failures.length > 0) yield* this.#tookOver(request, failures, model);
          began = true;
          said = step.kind === "taken-back" ? false : said || step.kind === "text" || step.kind === "tool-call";
          yield step;
        }
        return;
      } catch (error) {
        request.signal.throwIfAborted();
        const why = error instanceof ModelError && !said ? REASONS[error.kind] : undefined;
        // Trouble of this machine affects every model alike.
        if (!(error instanceof ModelError) || why === undefined || isTransient(error)) throw error;
        failures.push({ model, error, why });
        at = next(models, at, error);
        if (at < 0) throw failureOf(failures);
        if (began) yield { kind: "taken-back" };
        this.#log.warn("another model is asked", { model: model.ref, next: models[at]!.ref, problem: error.message });
      }
    }
  }

  /** The models to ask, in order; within a run it begins with the one that took over. */
  #candidates({ model, fallbacks = [], runId }: ModelRequest): Model[] {
    const all = [...new Map([model, ...fallbacks].map((each) => [each.ref, each])).values()];
    const from = all.findIndex(({ ref }) => runId !== undefined && ref === this.#answering.get(runId));
    return from > 0 ? all.slice(from) : all;
  }

  *#tookOver({ runId }: ModelRequest, failures: readonly Failure[], model: Model): Generator<ModelStep> {
    const names = failures.map(({ model: { ref }, why }) => `${ref} did not answer (${why})`).join(", ");
    if (runId !== undefined) {
      if (this.#answering.size >= RUNS_KEPT) this.#answering.clear();
      this.#answering.set(runId, model.ref);
    }
    yield { kind: "note", text: `${names}; ${model.ref} answers instead.` };
    yield answering(model);
  }
}

interface Failure {
  readonly model: Model;
  readonly error: ModelError;
  readonly why: string;
}

function answering({ id, provider }: Model): ModelStep {
  return { kind: "answering", provider: provider.id, model: id };
}

/** The next model that may do better; a conversation that is too long needs a larger window. -1 when there is none. */
function next(models: readonly Model[], at: number, { kind }: ModelError): number {
  const { contextWindow = 0 } = models[at]!;
  return models.findIndex((model, index) => {
    return index > at && (kind !== "too-long" || (model.contextWindow ?? 0) > contextWindow);
  });
}

/** The failure to report: one that a shorter conversation would avoid, because people can do that; else the last. */
function failureOf(failures: readonly Failure[]): ModelError {
  const { error } = failures.find((each) => each.error.kind === "too-long") ?? failures.at(-1)!;
  if (failures.length === 1) return error;
  const all = failures.map(({ model, error: { message } }) => `${model.ref}: ${message}`).join(" ");
  const { kind, retryAfterMs } = error;
  return new ModelError(kind, `No model answered. ${all}`, {
    retryAfterMs,
    cause: error,
    ownersOnly: failures.flatMap((each) => each.error.ownersOnly),
  });
}
