/** Finds model servers on this machine: Ollama, LM Studio, llama.cpp, vLLM. Looks at loopback only, and never waits long. */

import { isRecord } from "../../../../base/config/config.ts";
import { ignore } from "../../../../base/errors.ts";
import type { Env } from "../../../../base/files.ts";
import type { Log } from "../../../../base/log.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { ModelChoice, Provider } from "../model.ts";
import { askServer } from "./local-http.ts";
import type { Facts } from "./server-facts.ts";

/** A place to look at. */
export interface Endpoint {
  readonly id: string;
  readonly label: string;
  readonly baseUrl: string;
}

const LIMIT_MS = 300;
/**
 * The time limit for local models: loading a large model from a slow disk, and reading a long prompt without a graphics
 * card, take minutes.
 */
const STALL_MS = 300_000;
const FRESH_MS = 5_000;
const MAX_MODELS = 200;
const MAX_FACTS = 1_000;

/**
 * The usual ports. `OLLAMA_HOST` moves Ollama's, as it does for Ollama's own command, and `LMSTUDIO_HOST` that of LM Studio,
 * whose port is set in its window.
 */
export function usualEndpoints(env: Env): readonly Endpoint[] {
  return [
    { id: "ollama", label: "Ollama", baseUrl: `${urlOf(env.OLLAMA_HOST, 11_434)}/v1` },
    { id: "lmstudio", label: "LM Studio", baseUrl: `${urlOf(env.LMSTUDIO_HOST, 1_234)}/v1` },
    { id: "llamacpp", label: "llama.cpp", baseUrl: "http://127.0.0.1:8080/v1" },
    { id: "vllm", label: "vLLM", baseUrl: "http://127.0.0.1:8000/v1" },
  ];
}

function urlOf(host: string | undefined, port: number): string {
  const value = host?.trim().replace(/(?:\/v1)?\/*$/, "");
  if (!value) return `http://127.0.0.1:${port}`;
  const url = /^https?:\/\//.test(value) ? value : `http://${value}`;
  // An address for listening on all interfaces is not one to connect to.
  const reachable = url.replace("//0.0.0.0", "//127.0.0.1");
  return /:\d+$/.test(reachable) ? reachable : `${reachable}:${port}`;
}

/** The servers that the last look found. */
export class LocalEndpoints {
  readonly #endpoints: readonly Endpoint[];
  readonly #clock: Clock;
  readonly #log: Log;
  /** Known facts of models, by `provider/id`. */
  readonly #facts = new Map<string, Facts>();
  #found: readonly Provider[] = [];
  #looking: Promise<void> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: { endpoints: readonly Endpoint[]; clock: Clock; log: Log }) {
    this.#endpoints = options.endpoints;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  found(): readonly Provider[] {
    return this.#found.map((provider) => ({
      ...provider,
      models: provider.models.map((model) => this.#known(provider, model)),
    }));
  }

  /** The places that are looked at. */
  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** Whether something has been learnt of a model. */
  knows(ref: string): boolean {
    return this.#facts.has(ref);
  }

  /** Stores facts of a model from its server or from a trial. */
  learn(ref: string, { contextWindow, input, tools, reasoning }: Facts): void {
    const said = Object.entries({ contextWindow, input, tools, reasoning }).filter(([, value]) => value !== undefined);
    if (this.#facts.size >= MAX_FACTS) this.#facts.clear();
    this.#facts.set(ref, Object.fromEntries(said));
  }

  /** What has been learnt of a model. */
  factsOf(ref: string): Facts {
    return this.#facts.get(ref) ?? {};
  }

  #known({ id: providerId }: Provider, model: ModelChoice): ModelChoice {
    return { ...model, ...this.factsOf(`${providerId}/${model.id}`) };
  }

  /** A local server by its usual name, found or not, because a person who names it means it. */
  named(id: string): Provider | undefined {
    const endpoint = this.#endpoints.find((candidate) => candidate.id === id);
    return endpoint && providerAt(endpoint, []);
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

  /** Looks again for somebody who waits for it: a server of a busy machine has so long to answer, ms. */
  async lookFor(limitMs: number): Promise<void> {
    await this.#looking;
    await this.#look(limitMs);
  }

  async #look(limitMs = LIMIT_MS): Promise<void> {
    const before = new Set(this.#found.map(({ id }) => id));
    const results = await Promise.all(this.#endpoints.map((endpoint) => this.#ask(endpoint, limitMs)));
    this.#found = results.filter((provider) => provider !== undefined);
    for (const { id, baseUrl, models } of this.#found) {
      if (!before.has(id))
        this.#log.info("a model server runs on this machine", { provider: id, baseUrl, models: models.length });
    }
  }

  async #ask({ id, label, baseUrl }: Endpoint, limitMs: number): Promise<Provider | undefined> {
    const limit = new AbortController();
    using _timer = this.#clock.after(limitMs, () => limit.abort());
    try {
      const models = modelsIn(await askServer(`${baseUrl}/models`, { signal: limit.signal }));
      if (models === undefined) return undefined;
      return providerAt({ id, label, baseUrl }, models);
    } catch (error) {
      ignore(error, "nothing that we know listens there, which is the usual case");
      return undefined;
    }
  }
}

/** The provider that a server on this machine is. */
export function providerAt({ id, label, baseUrl }: Endpoint, models: Provider["models"]): Provider {
  const api = "openai-compatible";
  return { id, label, api, baseUrl, headers: {}, models, origin: "found", stallMs: STALL_MS };
}

/** The models that a server lists, without those that only embed; undefined when the body is something else. */
export function modelsIn(body: unknown): Provider["models"] | undefined {
  const data = isRecord(body) ? body.data : undefined;
  if (!Array.isArray(data)) return undefined;
  return data
    .map((entry: unknown) => (isRecord(entry) && typeof entry.id === "string" ? entry.id : ""))
    .filter((id) => id !== "" && id.length <= 200 && !/embed/i.test(id))
    .slice(0, MAX_MODELS)
    .map((id) => ({ id, name: id }));
}
