/** Finds model servers on this machine: Ollama, LM Studio, llama.cpp. Looks at loopback only, and never waits long. */
import http, { type IncomingMessage } from "node:http";
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
const FRESH_MS = 5_000;
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
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: { endpoints: readonly Endpoint[]; clock: Clock; log: Log }) {
    this.#endpoints = options.endpoints;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  found(): readonly Provider[] {
    return this.#found;
  }

  /** A local server by its usual name, whether it was found or not: a person who names it means it. */
  named(id: string): Provider | undefined {
    const endpoint = this.#endpoints.find((candidate) => candidate.id === id);
    return endpoint && { ...endpoint, api: "openai-compatible", headers: {}, models: [], origin: "found" };
  }

  /** Looks again, unless that was done in the last few seconds; callers at the same time share one look. Ends within 300 ms or so, and never throws. */
  async look(): Promise<void> {
    const now = this.#clock.monotonic();
    if (!this.#looking && now - this.#lookedAt < FRESH_MS) return;
    this.#lookedAt = now;
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
      const models = modelsIn(JSON.parse(await get(`${baseUrl}/models`, limit.signal)));
      if (models === undefined) return undefined;
      return { id, label, api: "openai-compatible", baseUrl, headers: {}, models, origin: "found" };
    } catch (error) {
      ignore(error, "nothing that we know listens there, which is the usual case");
      return undefined;
    }
  }
}

/** The body of a 200 answer. `fetch` would do, but loading it costs an idle gateway several megabytes. */
async function get(url: string, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = (url.startsWith("https:") ? await import("node:https") : http).get(
    url,
    { signal, agent: false },
    resolve,
  );
  request.on("error", reject);
  const response = await promise;
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`HTTP ${response.statusCode}`);
  }
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > MAX_BODY_CHARS) throw new Error("too much for a list of models");
  }
  return text;
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
