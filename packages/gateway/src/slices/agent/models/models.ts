/** The models that can be asked: where they are, which one is meant, and the way to ask it. */

import type { Config } from "../../../base/config/config-file.ts";
import { GatewayError } from "../../../base/errors.ts";
import type { Log } from "../../../base/log.ts";
import type { Clock } from "../../../base/time/clock.ts";
import type { Base } from "../../../kit/base.ts";
import { Port } from "../../../kit/port.ts";
import type { Agents } from "../../core/agents/agents.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import { Fallback } from "./fallback.ts";
import { type Endpoint, LocalEndpoints, usualEndpoints } from "./local/local-endpoints.ts";
import { type ScannedServer, type ScanOptions, scan } from "./local/scan.ts";
import { readServerFacts } from "./local/server-facts.ts";
import { type ChoicesOf, modelChoices } from "./model-choices.ts";
import { ModelConfig } from "./model-config.ts";
import { ModelSelection } from "./model-selection.ts";
import type { Meter, ModelPort, ModelRequest, ModelStep } from "./port.ts";
import { type Connected, connect, type KeyRequest } from "./providers/connecting.ts";
import { Keyring, type KeyStatus } from "./providers/keyring.ts";
import { KNOWN, type KnownProvider } from "./providers/known-providers.ts";
import { type Model, type Price, type Provider, Providers } from "./providers/providers.ts";
import { type Trial, type TrialOptions, type TrialPorts, tryModel } from "./providers/trial.ts";
import { readAnswer, type WholeAnswer } from "./read-answer.ts";
import { NO_TRACING, type RunTracing, tracedFetch } from "./run-tracing.ts";
import type { ModelChoice } from "./schema.ts";
import { SdkModels } from "./sdk/sdk.ts";
import { models as section } from "./settings.ts";
import type { Traffic } from "./traffic.ts";
import type { Recording } from "./transcribe.ts";

/** What the slices below this one need beside the service. */
export { ModelError } from "./model-error.ts";

export class Models implements ModelPort {
  /** Records or plays back requests to providers. Filled by recordings. */
  readonly traffic = new Port<Traffic>({ fetchFor: (_runId, fetch) => fetch });
  /** Names traces to providers, and takes those of callers. Filled by traces. */
  readonly tracing = new Port<RunTracing>(NO_TRACING);
  /** Counts requests to models, and may refuse one. Filled by usage. */
  readonly meter = new Port<Meter>({ watch: (_request, steps) => steps });
  /** Which model answers where. */
  readonly chosen: ModelSelection;
  /** What the config says of models, for changing it. */
  readonly settings: ModelConfig;
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #keyring: Keyring;
  readonly #fallback: Fallback;
  readonly #providers: Providers;
  readonly #local: LocalEndpoints;

  /** `port` replaces the AI SDK in tests. */
  constructor(
    services: Base & { readonly agents: Agents; readonly sessions: Sessions },
    options: { port?: ModelPort } = {},
  ) {
    const { agents, config, env, clock, log, sessions } = services;
    this.chosen = new ModelSelection({ agents, sessions, models: this });
    this.settings = new ModelConfig(config);
    this.#config = config;
    this.#clock = clock;
    this.#log = log;
    this.#keyring = new Keyring(clock);
    const port = options.port ?? new SdkModels({ clock, log, keyring: this.#keyring, traffic: () => this.#traced });
    this.#fallback = new Fallback((request) => this.#ask(request, port), log);
    this.#local = new LocalEndpoints({ endpoints: usualEndpoints(env), clock, log });
    this.#providers = new Providers({
      settings: config.of(section),
      env,
      local: this.#local,
      moreAliases: () => aliasesIn(agents.settings.defaults.models),
    });
  }

  /** Asks a model, or its fallbacks when it cannot answer. Throws `ModelError`, or the signal's reason. */
  stream(request: ModelRequest): AsyncIterable<ModelStep> {
    const steps = this.#fallback.stream(request);
    return this.meter.now.watch(request, steps);
  }

  /** The whole answer of a model, up to `maxChars`, for callers that do not stream it. Throws as `stream` does. */
  async answer(request: ModelRequest, maxChars?: number): Promise<WholeAnswer> {
    return await readAnswer(this.stream(request), maxChars);
  }

  /**
   * A port to models whose providers are played back: nothing is counted, and nothing leaves this process unless
   * `traffic` lets it.
   */
  played(traffic: Traffic): ModelPort {
    return new SdkModels({ clock: this.#clock, log: this.#log, traffic: () => traffic });
  }

  /**
   * Looks for model servers on this machine, unless the settings forbid it. Ends within 300 ms or so; with `limitMs` a server
   * has so long to answer.
   */
  async lookAround(limitMs?: number): Promise<void> {
    if (!this.#config.of(section).current.detectLocal) return;
    await (limitMs === undefined ? this.#local.look() : this.#local.lookFor(limitMs));
  }

  /** Model servers found on this machine. */
  found(): readonly Provider[] {
    return this.#local.found();
  }

  /** Every model that is known by name, found ones too. */
  async list(): Promise<Model[]> {
    await this.lookAround();
    return this.#providers
      .list()
      .flatMap((provider) => provider.models.map(({ id }) => this.#providers.resolve(`${provider.id}/${id}`)));
  }

  /** The models as catalogues show them. */
  choices(of: ChoicesOf): Promise<ModelChoice[]> {
    return modelChoices(this, of);
  }

  /** The model named `provider/id`. Throws `INVALID_REQUEST` when there is no such provider. */
  require(ref: string): Model {
    return this.#providers.resolve(ref);
  }

  /** The model named `provider/id`, or the one that answers when nothing is chosen; undefined when there is none. */
  find(ref: string | undefined): Model | undefined {
    try {
      return ref === undefined ? this.#providers.fallback() : this.#providers.resolve(ref);
    } catch (error) {
      if (error instanceof GatewayError) return undefined;
      throw error;
    }
  }

  /** The price of a `provider/id` or an alias, in US dollars for a million tokens; undefined when it is not known. */
  priceOf(ref: string): Price | undefined {
    return this.#providers.priceOf(ref);
  }

  /** The model that answers when nothing is chosen; undefined when none is connected. */
  usual(): Model | undefined {
    return this.#providers.fallback();
  }

  /** Makes a model the one that answers, in the config. Throws `INVALID_REQUEST` when it does not exist. */
  async choose(ref: string): Promise<Model> {
    const model = this.require(ref);
    await this.settings.choose(model.ref);
    return model;
  }

  /** Tries a model with real questions, outside any conversation and without its fallbacks. Throws `ModelError`. */
  async try(model: Model, options: TrialOptions): Promise<Trial> {
    return await tryModel(this.#ports, model, options);
  }

  /** What a recording says, by a model of a provider that has transcriptions. Throws `ModelError`, or the signal's reason. */
  async transcribe(model: Model, recording: Recording, signal: AbortSignal): Promise<string> {
    const { transcribe } = await import("./transcribe.ts");
    return await transcribe({ ...model, provider: this.#keyring.pick(model.provider) }, recording, signal);
  }

  /** Connects a provider: tries the key and saves it when a model has answered with it. Throws `INVALID_REQUEST`. */
  async connect(request: KeyRequest): Promise<Connected> {
    return await connect({ ...this.#ports, providers: this.#providers, config: this.settings }, request);
  }

  /** Looks for model servers on this machine and finds out what their models can do; what is learnt is used. */
  async scan(options: ScanOptions): Promise<ScannedServer[]> {
    const servers = await scan(this.#places(), this.#ports, options);
    for (const { id, models } of servers) for (const model of models) this.#local.learn(`${id}/${model.id}`, model);
    return servers;
  }

  /** All providers, each with how its keys are. */
  providers(): readonly ProviderStatus[] {
    return this.#providers.list().map((provider) => ({ provider, keys: this.#keyring.status(provider) }));
  }

  /** Hosted providers that are known by name and have no key. */
  unconnected(): readonly KnownProvider[] {
    const connected = new Set(this.#providers.list().map(({ id }) => id.toLowerCase()));
    return KNOWN.filter(({ id }) => !connected.has(id));
  }

  /** Short names of models. */
  aliases(): Readonly<Record<string, string>> {
    return this.#providers.aliases();
  }

  /** The traffic of runs, each request of which names its trace. */
  get #traced(): Traffic {
    const [traffic, tracing] = [this.traffic.now, this.tracing.now];
    return { fetchFor: (runId, fetch) => traffic.fetchFor(runId, tracedFetch(tracing.headersFor(runId), fetch)) };
  }

  get #ports(): TrialPorts {
    return { clock: this.#clock, stream: (request) => this.stream(request) };
  }

  /** The usual ports, and what the config names on this machine. */
  #places(): Endpoint[] {
    const named = this.#providers.list().filter(({ origin, api, baseUrl }) => {
      return origin === "config" && api === "openai-compatible" && isLoopback(baseUrl);
    });
    const places = [...named, ...this.#local.endpoints].map(({ id, label, baseUrl }) => ({ id, label, baseUrl }));
    return [...new Map(places.toReversed().map((place) => [place.baseUrl, place])).values()].toReversed();
  }

  /** Reads a local server's facts of a model once, before it is first asked. */
  async *#ask(request: ModelRequest, port: ModelPort): AsyncGenerator<ModelStep> {
    const { ref, id, provider } = request.model;
    if (provider.origin !== "found") return yield* port.stream(request);
    if (!this.#local.knows(ref)) {
      const { models } = await readServerFacts(provider.baseUrl, [id], this.#clock);
      this.#local.learn(ref, models.get(id) ?? {});
    }
    yield* port.stream({ ...request, model: { ...request.model, ...this.#local.factsOf(ref) } });
  }
}

/** A provider, and how each of its keys is. */
export interface ProviderStatus {
  readonly provider: Provider;
  readonly keys: readonly KeyStatus[];
}

function isLoopback(baseUrl: string): boolean {
  return URL.canParse(baseUrl) && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(baseUrl).hostname);
}

/** Aliases as `agents.defaults.models` spells them: the model first. */
function aliasesIn(models: Readonly<Record<string, { readonly alias?: string }>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(models).flatMap(([ref, { alias }]) => (alias ? [[alias, ref]] : [])));
}
