/** The AI SDK's objects, one for each model and key. Each provider's package is loaded when the first of its models is asked. */
import { ModelError } from "../model-error.ts";
import { type FetchOptions, fetchFor } from "../providers/provider-fetch.ts";
import type { Model, Provider } from "../providers/providers.ts";
import type { LanguageModel } from "./sdk-types.ts";

/** Making one compiles schemas, so the last few are kept. */
const MODELS_KEPT = 16;

export class LanguageModels {
  readonly #options: FetchOptions;
  readonly #known = new Map<string, LanguageModel>();

  constructor(options: FetchOptions) {
    this.#options = options;
  }

  /** The SDK's object for a model with its provider's first key. */
  async of(model: Model): Promise<LanguageModel> {
    const { id, provider } = model;
    const { api, baseUrl, apiKey, headers, stallMs } = provider;
    requireSound(provider);
    const key = JSON.stringify([id, provider.id, api, baseUrl, apiKey, headers, stallMs]);
    const known = this.#known.get(key);
    if (known) return known;
    const made = await open(model, fetchFor(model, this.#options));
    if (this.#known.size >= MODELS_KEPT) this.#known.clear();
    this.#known.set(key, made);
    return made;
  }
}

/** Throws `ModelError` when a setting of the provider cannot be used: nothing is sent then. */
export function requireSound({ label, problem }: Provider): void {
  if (problem !== undefined) throw new ModelError("logged-out", `${label} cannot be asked: ${problem}`);
}

async function open({ id, provider }: Model, fetch: typeof globalThis.fetch): Promise<LanguageModel> {
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
