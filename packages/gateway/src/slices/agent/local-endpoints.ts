/** Finds model servers on this machine: Ollama, LM Studio, llama.cpp. Looks at loopback only, and never waits long. */
import type { Clock } from "../../base/clock.ts";
import { isRecord } from "../../base/config.ts";
import { ignore } from "../../base/errors.ts";
import type { Env } from "../../base/files.ts";
import type { Log } from "../../base/log.ts";
import type { Provider } from "./providers.ts";

/** A place to look at. */
export interface Endpoint {
  readonly id: string;
  readonly label: string;
  readonly baseUrl: string;
}

const LIMIT_MS = 300;
const MAX_MODELS = 200;
const MAX_BODY_CHARS = 1_000_000;

/** The usual ports. `OLLAMA_HOST` moves Ollama's, as it does for Ollama's own command. */
export function usualEndpoints(env: Env): readonly Endpoint[] {
  return [
    { id: "ollama", label: "Ollama", baseUrl: `${ollamaUrl(env.OLLAMA_HOST)}/v1` },
    { id: "lmstudio", label: "LM Studio", baseUrl: "http://127.0.0.1:1234/v1" },
    { id: "llamacpp", label: "llama.cpp", baseUrl: "http://127.0.0.1:8080/v1" },
  ];
}

function ollamaUrl(host: string | undefined): string {
  const value = host?.trim().replace(/\/+$/, "");
  if (!value) return "http://127.0.0.1:11434";
  const url = /^https?:\/\//.test(value) ? value : `http://${value}`;
  // The listening address "all interfaces" is not one to connect to.
  const reachable = url.replace("//0.0.0.0", "//127.0.0.1");
  return /:\d+$/.test(reachable) ? reachable : `${reachable}:11434`;
}

/** What was found when it was last looked. */
export class LocalEndpoints {
  readonly #endpoints: readonly Endpoint[];
  readonly #clock: Clock;
  readonly #log: Log;
  #found: readonly Provider[] = [];
  #looking: Promise<void> | undefined;

  constructor(options: { endpoints: readonly Endpoint[]; clock: Clock; log: Log }) {
    this.#endpoints = options.endpoints;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  found(): readonly Provider[] {
    return this.#found;
  }

  /** Looks again; callers at the same time share one look. Ends within 300 ms or so, and never throws. */
  async look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  async #look(): Promise<void> {
    const before = new Set(this.#found.map(({ id }) => id));
    const results = await Promise.all(this.#endpoints.map((endpoint) => this.#ask(endpoint)));
    this.#found = results.filter((provider) => provider !== undefined);
    for (const { id, baseUrl, models } of this.#found) {
      if (!before.has(id))
        this.#log.info("a model server runs on this machine", { provider: id, baseUrl, models: models.length });
    }
  }

  async #ask({ id, label, baseUrl }: Endpoint): Promise<Provider | undefined> {
    const limit = new AbortController();
    using _timer = this.#clock.after(LIMIT_MS, () => limit.abort());
    try {
      const response = await fetch(`${baseUrl}/models`, { signal: limit.signal, redirect: "error" });
      if (!response.ok) return void (await response.body?.cancel());
      const models = modelsIn(await readJson(response));
      if (models === undefined) return undefined;
      return { id, label, api: "openai-compatible", baseUrl, headers: {}, models, origin: "found" };
    } catch (error) {
      ignore(error, "nothing that we know listens there, which is the usual case");
      return undefined;
    }
  }
}

/** Any program can listen on these ports, so only so much of its answer is read. */
async function readJson(response: Response): Promise<unknown> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_BODY_CHARS) return undefined;
  }
  return JSON.parse(text);
}

function modelsIn(body: unknown): Provider["models"] | undefined {
  const data = isRecord(body) ? body.data : undefined;
  if (!Array.isArray(data)) return undefined;
  return data
    .map((entry: unknown) => (isRecord(entry) && typeof entry.id === "string" ? entry.id : ""))
    .filter((id) => id !== "" && id.length <= 200 && !/embed/i.test(id))
    .slice(0, MAX_MODELS)
    .map((id) => ({ id, name: id }));
}
