/** The model providers there are: those of the config, those that the environment switches on, those found on this machine. */
import type { Settings } from "../../base/config.ts";
import { invalidRequest } from "../../base/errors.ts";
import type { Env } from "../../base/files.ts";
import type { LocalEndpoints } from "./local-endpoints.ts";
import type { ModelSettings } from "./settings.ts";

/** The wire formats, one name each. */
export type Api = "openai-compatible" | "openai" | "anthropic" | "google";

/** A model as it is offered. */
export interface ModelChoice {
  readonly id: string;
  readonly name: string;
  readonly contextWindow?: number;
  readonly reasoning?: boolean;
}

/** Who hosts models, and how to reach them. */
export interface Provider {
  readonly id: string;
  readonly label: string;
  readonly api: Api;
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
  /** The usual environment variable of its key. */
  readonly keyEnv?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** The models that are known by name; others can be asked for too. */
  readonly models: readonly ModelChoice[];
  /** `found` ones run on this machine and are offered, never used unasked. */
  readonly origin: "config" | "environment" | "found";
}

/** A model that can be asked: its provider, and its id there. */
export interface Model extends ModelChoice {
  /** `provider/id`, as settings and people write it. */
  readonly ref: string;
  readonly provider: Provider;
}

interface KnownProvider {
  readonly id: string;
  readonly label: string;
  readonly api: Api;
  readonly baseUrl: string;
  readonly keyEnv: readonly string[];
  readonly urlEnv?: string;
  /** The first one is used when nothing else is said. */
  readonly models: readonly ModelChoice[];
}

/** Providers that need only a key. In this order one is chosen when several keys are set and no model is. */
const KNOWN: readonly KnownProvider[] = [
  {
    id: "anthropic",
    label: "Anthropic",
    api: "anthropic",
    baseUrl: "https://api.anthropic.com/v1",
    keyEnv: ["ANTHROPIC_API_KEY"],
    urlEnv: "ANTHROPIC_BASE_URL",
    models: [
      { id: "claude-sonnet-4-5", name: "Claude Sonnet 4.5", contextWindow: 200_000, reasoning: true },
      { id: "claude-opus-4-5", name: "Claude Opus 4.5", contextWindow: 200_000, reasoning: true },
      { id: "claude-haiku-4-5", name: "Claude Haiku 4.5", contextWindow: 200_000, reasoning: true },
    ],
  },
  {
    id: "openai",
    label: "OpenAI",
    api: "openai",
    baseUrl: "https://api.openai.com/v1",
    keyEnv: ["OPENAI_API_KEY"],
    urlEnv: "OPENAI_BASE_URL",
    models: [
      { id: "gpt-5", name: "GPT-5", contextWindow: 400_000, reasoning: true },
      { id: "gpt-5-mini", name: "GPT-5 mini", contextWindow: 400_000, reasoning: true },
      { id: "gpt-4.1", name: "GPT-4.1", contextWindow: 1_000_000 },
    ],
  },
  {
    id: "google",
    label: "Google",
    api: "google",
    baseUrl: "https://generativelanguage.googleapis.com/v1beta",
    keyEnv: ["GOOGLE_GENERATIVE_AI_API_KEY", "GEMINI_API_KEY"],
    models: [
      { id: "gemini-2.5-flash", name: "Gemini 2.5 Flash", contextWindow: 1_000_000, reasoning: true },
      { id: "gemini-2.5-pro", name: "Gemini 2.5 Pro", contextWindow: 1_000_000, reasoning: true },
    ],
  },
  {
    id: "openrouter",
    label: "OpenRouter",
    api: "openai-compatible",
    baseUrl: "https://openrouter.ai/api/v1",
    keyEnv: ["OPENROUTER_API_KEY"],
    models: [{ id: "openrouter/auto", name: "OpenRouter Auto" }],
  },
  {
    id: "groq",
    label: "Groq",
    api: "openai-compatible",
    baseUrl: "https://api.groq.com/openai/v1",
    keyEnv: ["GROQ_API_KEY"],
    models: [{ id: "llama-3.3-70b-versatile", name: "Llama 3.3 70B", contextWindow: 131_072 }],
  },
  {
    id: "mistral",
    label: "Mistral",
    api: "openai-compatible",
    baseUrl: "https://api.mistral.ai/v1",
    keyEnv: ["MISTRAL_API_KEY"],
    models: [{ id: "mistral-large-latest", name: "Mistral Large", contextWindow: 128_000 }],
  },
  {
    id: "deepseek",
    label: "DeepSeek",
    api: "openai-compatible",
    baseUrl: "https://api.deepseek.com/v1",
    keyEnv: ["DEEPSEEK_API_KEY"],
    models: [{ id: "deepseek-chat", name: "DeepSeek Chat", contextWindow: 128_000 }],
  },
  {
    id: "xai",
    label: "xAI",
    api: "openai-compatible",
    baseUrl: "https://api.x.ai/v1",
    keyEnv: ["XAI_API_KEY"],
    models: [{ id: "grok-4", name: "Grok 4", contextWindow: 256_000, reasoning: true }],
  },
];

/** Environment variables whose values are keys: the log redacts them. */
export const KEY_VARIABLES: readonly string[] = KNOWN.flatMap(({ keyEnv }) => keyEnv);

/** Reads the providers anew at each question: config and environment are the truth, nothing is kept. */
export class Providers {
  readonly #settings: Settings<ModelSettings>;
  readonly #env: Env;
  readonly #local: LocalEndpoints;

  constructor(options: { settings: Settings<ModelSettings>; env: Env; local: LocalEndpoints }) {
    this.#settings = options.settings;
    this.#env = options.env;
    this.#local = options.local;
  }

  /** All providers, in order of preference: config, environment, found on this machine. Ids are unique. */
  list(): Provider[] {
    const configured = Object.entries(this.#settings.current.providers ?? {}).map(([id, entry]) =>
      this.#configured(id, entry),
    );
    const fromEnv = KNOWN.flatMap((known) => this.#fromEnv(known));
    const found = this.#settings.current.detectLocal ? this.#local.found() : [];
    const all = new Map<string, Provider>();
    for (const provider of [...configured, ...fromEnv, ...found])
      if (!all.has(provider.id)) all.set(provider.id, provider);
    return [...all.values()];
  }

  /** The model that is used when neither session nor settings name one, or undefined: then no model is connected. */
  fallback(): Model | undefined {
    for (const provider of this.list()) {
      const [first] = provider.models;
      if (first && provider.origin !== "found") return toModel(provider, first);
    }
    return undefined;
  }

  /** The model named `provider/id`. Throws `INVALID_REQUEST` when there is no such provider. */
  resolve(ref: string): Model {
    const slash = ref.indexOf("/");
    if (slash <= 0 || slash === ref.length - 1) {
      throw invalidRequest(
        `"${ref.slice(0, 100)}" is not a model; write it as provider/model, for example ollama/qwen3.`,
      );
    }
    const providerId = ref.slice(0, slash).toLowerCase();
    const id = ref.slice(slash + 1);
    const provider =
      this.list().find((candidate) => candidate.id.toLowerCase() === providerId) ?? this.#local.named(providerId);
    if (!provider) throw invalidRequest(this.#unknownProvider(providerId));
    return toModel(provider, provider.models.find((model) => model.id === id) ?? { id, name: id });
  }

  #unknownProvider(id: string): string {
    const known = KNOWN.find((candidate) => candidate.id === id);
    if (known) return `${known.label} has no API key; set ${known.keyEnv[0]} or models.providers.${id}.apiKey.`;
    const names = this.list().map((provider) => provider.id);
    const have = names.length > 0 ? `there are ${names.join(", ")}` : "none is connected yet";
    return `No model provider is called "${id.slice(0, 64)}" (${have}); add it under models.providers.`;
  }

  #configured(id: string, entry: NonNullable<ModelSettings["providers"]>[string]): Provider {
    const known = KNOWN.find((candidate) => candidate.id === id);
    const api = entry.api === undefined ? (known?.api ?? "openai-compatible") : apiOf(entry.api);
    const baseUrl = entry.baseUrl ?? this.#baseUrlOf(known) ?? "http://127.0.0.1:11434/v1";
    return {
      id,
      label: known?.label ?? id,
      api,
      baseUrl: normalBaseUrl(baseUrl, api),
      apiKey: entry.apiKey ?? this.#keyOf(known),
      keyEnv: known?.keyEnv[0],
      headers: entry.headers ?? {},
      models: (entry.models ?? known?.models ?? []).map(({ id: modelId, name, contextWindow, reasoning }) => ({
        id: modelId,
        name: name ?? modelId,
        ...(contextWindow !== undefined && { contextWindow }),
        ...(reasoning !== undefined && { reasoning }),
      })),
      origin: "config",
    };
  }

  #fromEnv(known: KnownProvider): Provider[] {
    const apiKey = this.#keyOf(known);
    if (apiKey === undefined) return [];
    const { id, label, models, keyEnv } = known;
    const override = this.#baseUrlOf(known);
    // What stands behind another URL than OpenAI's own speaks chat completions, hardly ever responses.
    const api = known.api === "openai" && override !== known.baseUrl ? "openai-compatible" : known.api;
    return [
      {
        id,
        label,
        api,
        baseUrl: normalBaseUrl(override ?? known.baseUrl, api),
        apiKey,
        keyEnv: keyEnv[0],
        headers: {},
        models,
        origin: "environment",
      },
    ];
  }

  #keyOf(known: KnownProvider | undefined): string | undefined {
    return known?.keyEnv.map((name) => this.#env[name]?.trim()).find((value) => value !== undefined && value !== "");
  }

  #baseUrlOf(known: KnownProvider | undefined): string | undefined {
    return (known?.urlEnv && this.#env[known.urlEnv]?.trim()) || known?.baseUrl;
  }
}

function toModel(provider: Provider, choice: ModelChoice): Model {
  return { ...choice, provider, ref: `${provider.id}/${choice.id}` };
}

const API_ALIASES: Readonly<Record<string, Api>> = {
  "openai-completions": "openai-compatible",
  "openai-responses": "openai",
  "anthropic-messages": "anthropic",
  "google-generative-ai": "google",
};

function apiOf(name: string): Api {
  return API_ALIASES[name] ?? (name as Api);
}

/** Base URLs are written with and without the version; the SDK wants it. Google's has its own. */
function normalBaseUrl(url: string, api: Api): string {
  const trimmed = url.replace(/\/+$/, "");
  if (api === "google") return trimmed;
  const bare = /^https?:\/\/[^/]+$/.test(trimmed);
  const wantsVersion = api === "anthropic" ? !trimmed.endsWith("/v1") : bare;
  return wantsVersion ? `${trimmed}/v1` : trimmed;
}
