/**
 * Hosted providers that need only a key, with their usual models. A price is listed only where the provider has one
 * public price for every length; other prices come from the config.
 */
import type { Api, ModelChoice } from "../model.ts";

/** A hosted provider of which only the key is missing. */
export interface KnownProvider {
  readonly id: string;
  readonly label: string;
  readonly api: Api;
  readonly baseUrl: string;
  readonly keyEnv: readonly string[];
  readonly urlEnv?: string;
  /** The first one is used when nothing else is said. */
  readonly models: readonly ModelChoice[];
}

/** What a model takes beside text and tools. */
const SEES = { input: ["text", "image"], tools: true } as const;
const READS = { input: ["text"], tools: true } as const;

/** Providers that need only a key. In this order one is chosen when several keys are set and no model is. */
export const KNOWN: readonly KnownProvider[] = [
  {
    id: "anthropic",
    label: "Anthropic",
    api: "anthropic",
    baseUrl: "https://api.anthropic.com/v1",
    keyEnv: ["ANTHROPIC_API_KEY"],
    urlEnv: "ANTHROPIC_BASE_URL",
    models: [
      {
        id: "claude-sonnet-4-5",
        name: "Claude Sonnet 4.5",
        contextWindow: 200_000,
        reasoning: true,
        ...SEES,
        cost: { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 },
      },
      {
        id: "claude-opus-4-5",
        name: "Claude Opus 4.5",
        contextWindow: 200_000,
        reasoning: true,
        ...SEES,
        cost: { input: 5, output: 25, cacheRead: 0.5, cacheWrite: 6.25 },
      },
      {
        id: "claude-haiku-4-5",
        name: "Claude Haiku 4.5",
        contextWindow: 200_000,
        reasoning: true,
        ...SEES,
        cost: { input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1.25 },
      },
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
      {
        id: "gpt-5",
        name: "GPT-5",
        contextWindow: 400_000,
        reasoning: true,
        ...SEES,
        cost: { input: 1.25, output: 10, cacheRead: 0.125 },
      },
      {
        id: "gpt-5-mini",
        name: "GPT-5 mini",
        contextWindow: 400_000,
        reasoning: true,
        ...SEES,
        cost: { input: 0.25, output: 2, cacheRead: 0.025 },
      },
      {
        id: "gpt-4.1",
        name: "GPT-4.1",
        contextWindow: 1_000_000,
        reasoning: false,
        ...SEES,
        cost: { input: 2, output: 8, cacheRead: 0.5 },
      },
    ],
  },
  {
    id: "google",
    label: "Google",
    api: "google",
    baseUrl: "https://generativelanguage.googleapis.com/v1beta",
    keyEnv: ["GOOGLE_GENERATIVE_AI_API_KEY", "GEMINI_API_KEY"],
    models: [
      {
        id: "gemini-2.5-flash",
        name: "Gemini 2.5 Flash",
        contextWindow: 1_000_000,
        reasoning: true,
        ...SEES,
        cost: { input: 0.3, output: 2.5 },
      },
      { id: "gemini-2.5-pro", name: "Gemini 2.5 Pro", contextWindow: 1_000_000, reasoning: true, ...SEES },
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
    models: [
      {
        id: "llama-3.3-70b-versatile",
        name: "Llama 3.3 70B",
        contextWindow: 131_072,
        reasoning: false,
        ...READS,
        cost: { input: 0.59, output: 0.79 },
      },
    ],
  },
  {
    id: "mistral",
    label: "Mistral",
    api: "openai-compatible",
    baseUrl: "https://api.mistral.ai/v1",
    keyEnv: ["MISTRAL_API_KEY"],
    models: [
      { id: "mistral-large-latest", name: "Mistral Large", contextWindow: 128_000, reasoning: false, tools: true },
    ],
  },
  {
    id: "deepseek",
    label: "DeepSeek",
    api: "openai-compatible",
    baseUrl: "https://api.deepseek.com/v1",
    keyEnv: ["DEEPSEEK_API_KEY"],
    models: [{ id: "deepseek-chat", name: "DeepSeek Chat", contextWindow: 128_000, reasoning: false, ...READS }],
  },
  {
    id: "xai",
    label: "xAI",
    api: "openai-compatible",
    baseUrl: "https://api.x.ai/v1",
    keyEnv: ["XAI_API_KEY"],
    models: [{ id: "grok-4", name: "Grok 4", contextWindow: 256_000, reasoning: true, ...SEES }],
  },
];

/** The hosted provider of that id. */
export function knownProvider(id: string): KnownProvider | undefined {
  return KNOWN.find((candidate) => candidate.id === id);
}
