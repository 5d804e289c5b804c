/** Builds a provider from the config and from known facts. Pure functions. */
import { addressProblem, headerProblem, keyProblem } from "../../../../kit/schema/keys-and-addresses.ts";
import type { Api, ModelChoice, Provider } from "../model.ts";
import type { ModelSettings } from "../settings.ts";
import type { KnownProvider } from "./known-providers.ts";

/** A provider as the config has it. */
export type ProviderEntry = NonNullable<ModelSettings["providers"]>[string];
type ModelEntry = NonNullable<ProviderEntry["models"]>[number];

/** Facts beside the config: the provider's usual values, and its address and keys from the environment. */
export interface Usual {
  readonly known: KnownProvider | undefined;
  readonly url: string | undefined;
  readonly keys: readonly string[];
}

/** The provider; the config stands above what is usual. */
export function configuredProvider(id: string, entry: ProviderEntry, { known, url, keys }: Usual): Provider {
  const given = (entry.baseUrl ?? url ?? "http://127.0.0.1:11434/v1").trim();
  const keyList = withMore(entry, keys);
  const api = entry.api === undefined ? usualApi(given, known) : apiOf(entry.api);
  return {
    id,
    label: known?.label ?? id,
    api,
    baseUrl: normalBaseUrl(given, api),
    ...keysOf(keyList.filter((key) => keyProblem(key) === undefined)),
    headers: entry.headers ?? {},
    ...(entry.timeoutSeconds !== undefined && { stallMs: entry.timeoutSeconds * 1_000 }),
    models: entry.models?.map((model) => withFacts(model, known)) ?? known?.models ?? [],
    origin: "config",
    problem: problemOf(id, entry, { known, given, keys: keyList }),
  };
}

/** The setting that makes the provider unusable, and why, as a sentence; undefined when it is usable. */
function problemOf(
  id: string,
  entry: ProviderEntry,
  { known, given, keys }: { known: KnownProvider | undefined; given: string; keys: readonly string[] },
): string | undefined {
  const path = `models.providers.${id}`;
  const address = addressProblem(given);
  if (address) return `${entry.baseUrl === undefined ? (known?.urlEnv ?? path) : `${path}.baseUrl`} ${address}.`;
  for (const [name, value] of Object.entries(entry.headers ?? {})) {
    const problem = headerProblem(name, value);
    if (problem) return `${path}.headers.${name.slice(0, 64)} ${problem}.`;
  }
  const problems = keys.map(keyProblem);
  if (keys.length === 0 || problems.includes(undefined)) return undefined;
  const isOwn = entry.apiKey !== undefined || known?.keyEnv[0] === undefined;
  return `${isOwn ? `${path}.apiKey` : known.keyEnv[0]} ${problems[0]}.`;
}

/** A server at another URL than OpenAI's own speaks chat completions, hardly ever responses. */
function usualApi(url: string, known: KnownProvider | undefined): Api {
  if (known?.api !== "openai") return known?.api ?? "openai-compatible";
  return normalBaseUrl(url, "openai") === known.baseUrl ? "openai" : "openai-compatible";
}

/** A model by its id; capitals count only when nothing else tells two models apart. */
export function modelIn(models: readonly ModelChoice[], id: string): ModelChoice | undefined {
  const lower = id.toLowerCase();
  return models.find((model) => model.id === id) ?? models.find((model) => model.id.toLowerCase() === lower);
}

/** What the config says of a model; the rest is as it is known, if it is. */
function withFacts(entry: ModelEntry, known: KnownProvider | undefined): ModelChoice {
  const { id, name, contextWindow, reasoning, maxTokens, input, tools, cost } = entry;
  const said = { contextWindow, reasoning, maxTokens, input, tools, cost };
  const facts = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  const usual = modelIn(known?.models ?? [], id);
  return { ...usual, ...facts, id, name: name ?? usual?.name ?? id };
}

/** A key of the config replaces those of the environment; more keys may be given beside either. */
function withMore({ apiKey, apiKeys = [] }: ProviderEntry, fromEnv: readonly string[]): string[] {
  const own = apiKey === undefined || apiKey === "" ? fromEnv : [apiKey];
  return [...new Set([...own, ...apiKeys].map((key) => key.trim()))].filter((key) => key !== "");
}

function keysOf(keys: readonly string[]): Pick<Provider, "apiKey" | "apiKeys"> {
  return { apiKey: keys[0], ...(keys.length > 1 && { apiKeys: keys }) };
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

/** Endpoint paths that people paste with a base URL, as in the provider's examples. */
const ENDPOINT =
  /\/(?:chat\/completions|completions|responses|messages(?:\/count_tokens)?|embeddings|models(?:\/[^/]+:\w+)?)$/;

/**
 * Base URLs are written with and without the version, with the whole address of a call, with a query; the SDK wants the
 * version and no more. Google's version is its own.
 */
function normalBaseUrl(url: string, api: Api): string {
  const trimmed = url
    .replace(/[?#].*$/, "")
    .replace(/\/+$/, "")
    .replace(ENDPOINT, "")
    .replace(/\/+$/, "");
  const bare = /^https?:\/\/[^/]+$/.test(trimmed);
  if (api === "google") return bare ? `${trimmed}/v1beta` : trimmed;
  const wantsVersion = api === "anthropic" ? !trimmed.endsWith("/v1") : bare;
  return wantsVersion ? `${trimmed}/v1` : trimmed;
}
