/** What model servers on this machine say of their models: Ollama, LM Studio, llama.cpp, vLLM, each in its own way. */

import { isRecord } from "../../../../base/config/config.ts";
import { ignore } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { ModelChoice } from "../model.ts";
import { askServer } from "./local-http.ts";

/** Which program serves the models. */
export type Software = "ollama" | "lmstudio" | "llamacpp" | "vllm" | "unknown";

/** What is known of a model; what the server does not say is absent. */
export type Facts = Pick<ModelChoice, "contextWindow" | "input" | "tools" | "reasoning"> & {
  /** The largest window of the model, when it runs with a smaller one or does not run. */
  readonly largestWindow?: number;
  /** The model is in memory, so a question costs no loading. */
  readonly isLoaded?: boolean;
};

/** What a server says. */
export interface ServerFacts {
  readonly software: Software;
  readonly models: ReadonlyMap<string, Facts>;
}

const LIMIT_MS = 2_000;
/** The most models of Ollama, which needs a request for each. */
const MAX_ASKED = 60;
const PARALLEL = 4;

/** Asks the server at `baseUrl` (with its version) about its models. Never throws; ends within seconds. */
export async function readServerFacts(baseUrl: string, ids: readonly string[], clock: Clock): Promise<ServerFacts> {
  const ask = (path: string, body?: unknown) => limited(`${root(baseUrl)}${path}`, clock, body);
  const [ollama, lmstudio, props, list] = await Promise.all(
    ["/api/version", "/api/v0/models", "/props", "/v1/models"].map((path) => ask(path)),
  );
  if (isRecord(ollama) && typeof ollama.version === "string") return await ollamaFacts(ids, ask);
  const typed = listIn(lmstudio, "data").filter(({ type }) => typeof type === "string");
  if (typed.length > 0) return lmstudioFacts(typed);
  if (isRecord(props) && isRecord(props.default_generation_settings)) return llamacppFacts(props, ids);
  return vllmFacts(listIn(list, "data"));
}

type Ask = (path: string, body?: unknown) => Promise<unknown>;

async function ollamaFacts(ids: readonly string[], ask: Ask): Promise<ServerFacts> {
  const running = await ask("/api/ps");
  const loaded = new Map(
    listIn(running, "models").map(({ name, context_length }) => [String(name), numberIn(context_length)] as const),
  );
  const models = new Map<string, Facts>();
  const waiting = ids.slice(0, MAX_ASKED);
  const work = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const shown = await ask("/api/show", { model: id });
      if (!isRecord(shown)) continue;
      const isLoaded = loaded.has(id);
      models.set(id, { ...ollamaModel(shown, loaded.get(id)), ...(isLoaded && { isLoaded }) });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return { software: "ollama", models };
}

/**
 * The window is that of the loaded model, or from its Modelfile; Ollama's default is much smaller than the model's own.
 */
function ollamaModel(shown: Record<string, unknown>, loadedWindow: number | undefined): Facts {
  const capabilities = Array.isArray(shown.capabilities) ? shown.capabilities : undefined;
  const info = isRecord(shown.model_info) ? shown.model_info : {};
  const largest = numberIn(Object.entries(info).find(([key]) => key.endsWith(".context_length"))?.[1]);
  const set = numberIn(/^num_ctx\s+(\d+)/m.exec(String(shown.parameters ?? ""))?.[1]);
  return facts({
    contextWindow: loadedWindow ?? set,
    largestWindow: largest,
    ...(capabilities && {
      input: capabilities.includes("vision") ? ["text", "image"] : ["text"],
      tools: capabilities.includes("tools"),
      reasoning: capabilities.includes("thinking"),
    }),
  });
}

function lmstudioFacts(data: readonly Record<string, unknown>[]): ServerFacts {
  const models = data.map(({ id, type, state, capabilities, ...windows }) => {
    const isLoaded = state === "loaded";
    const known = facts({
      contextWindow: numberIn(windows.loaded_context_length),
      largestWindow: numberIn(windows.max_context_length),
      input: type === "vlm" ? ["text", "image"] : ["text"],
      ...(Array.isArray(capabilities) && { tools: capabilities.includes("tool_use") }),
    });
    return [String(id), { ...known, ...(isLoaded && { isLoaded }) }] as const;
  });
  return { software: "lmstudio", models: new Map(models) };
}

/** llama.cpp serves one model, under any name. */
function llamacppFacts(props: Record<string, unknown>, ids: readonly string[]): ServerFacts {
  const settings = isRecord(props.default_generation_settings) ? props.default_generation_settings : {};
  const modalities = isRecord(props.modalities) ? props.modalities : undefined;
  const caps = isRecord(props.chat_template_caps) ? props.chat_template_caps : undefined;
  const known = facts({
    contextWindow: numberIn(settings.n_ctx),
    ...(modalities && { input: modalities.vision === true ? ["text", "image"] : ["text"] }),
    ...(typeof caps?.supports_tools === "boolean" && { tools: caps.supports_tools }),
  });
  return { software: "llamacpp", models: new Map(ids.map((id) => [id, { ...known, isLoaded: true }])) };
}

function vllmFacts(data: readonly Record<string, unknown>[]): ServerFacts {
  const known = data.filter(({ max_model_len }) => numberIn(max_model_len) !== undefined);
  const models = known.map(
    ({ id, max_model_len }) =>
      [String(id), { ...facts({ contextWindow: numberIn(max_model_len) }), isLoaded: true }] as const,
  );
  return { software: known.length > 0 ? "vllm" : "unknown", models: new Map(models) };
}

async function limited(url: string, clock: Clock, body?: unknown): Promise<unknown> {
  const limit = new AbortController();
  using _timer = clock.after(LIMIT_MS, () => limit.abort());
  try {
    return await askServer(url, { signal: limit.signal, body });
  } catch (error) {
    ignore(error, "the server is another program, which has no such page");
    return undefined;
  }
}

function root(baseUrl: string): string {
  return baseUrl.replace(/\/v1$/, "");
}

function listIn(value: unknown, key: string): Record<string, unknown>[] {
  const list = isRecord(value) ? value[key] : undefined;
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

function numberIn(value: unknown): number | undefined {
  const number = Number(value ?? Number.NaN);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}

function facts(all: { [Name in keyof Facts]: Facts[Name] | undefined }): Facts {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Facts;
}
