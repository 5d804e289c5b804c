/** The models that can be asked: where they are, which one is meant, and the way to ask it. */
import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import { GatewayError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Base } from "../../gateway.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { Fallback } from "./fallback.ts";
import { Keyring } from "./keyring.ts";
import { LocalEndpoints, usualEndpoints } from "./local-endpoints.ts";
import type { Meter, ModelPort, ModelRequest, ModelStep } from "./port.ts";
import { type Model, type Price, type Provider, Providers } from "./providers.ts";
import { SdkModels } from "./sdk.ts";
import { models as section } from "./settings.ts";
import type { Traffic } from "./traffic.ts";

/** What the slices below this one need beside the service. */
export { ModelError } from "./model-error.ts";

export class Models implements ModelPort {
  /** Who keeps what goes over the wire, or plays it back; set by the slice that does. */
  traffic: Traffic | undefined;
  /** Who counts what is asked, and may refuse it; set by the slice that keeps the budgets. */
  meter: Meter | undefined;
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #keyring: Keyring;
  readonly #fallback: Fallback;
  readonly #providers: Providers;
  readonly #local: LocalEndpoints;

  /** `port` replaces the AI SDK in tests. */
  constructor(
    { config, env, clock, log, sessions }: Base & { readonly sessions: Sessions },
    options: { port?: ModelPort } = {},
  ) {
    this.#config = config;
    this.#clock = clock;
    this.#log = log;
    this.#keyring = new Keyring(clock);
    const port = options.port ?? new SdkModels({ clock, log, keyring: this.#keyring, traffic: () => this.traffic });
    this.#fallback = new Fallback((request) => port.stream(request), log);
    this.#local = new LocalEndpoints({ endpoints: usualEndpoints(env), clock, log });
    this.#providers = new Providers({
      settings: config.of(section),
      env,
      local: this.#local,
      moreAliases: () => aliasesIn(sessions.agentSettings.defaults.models),
    });
  }

  /** Asks a model, or its fallbacks when it cannot answer. Throws `ModelError`, or the signal's reason. */
  stream(request: ModelRequest): AsyncIterable<ModelStep> {
    const steps = this.#fallback.stream(request);
    return this.meter ? this.meter.watch(request, steps) : steps;
  }

  /** Models whose providers are played: nothing is counted, and nothing leaves this process unless `traffic` lets it. */
  played(traffic: Traffic): ModelPort {
    return new SdkModels({ clock: this.#clock, log: this.#log, traffic: () => traffic });
  }

  /** Looks for model servers on this machine, unless the settings forbid it. Ends within 300 ms or so. */
  async lookAround(): Promise<void> {
    if (this.#config.of(section).current.detectLocal) await this.#local.look();
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
    const model = this.#providers.resolve(ref);
    const { patchConfigText } = await import("../../base/config-edit.ts");
    const { raw, hash } = this.#config.snapshot();
    this.#config.write(patchConfigText(raw ?? "", { agents: { defaults: { model: model.ref } } }), hash);
    return model;
  }

  /** Asks a model one thing outside any conversation. Throws `ModelError`. */
  async ask(model: Model, text: string, signal: AbortSignal): Promise<string> {
    let answer = "";
    const messages = [{ role: "user" as const, content: [{ kind: "text" as const, text }] }];
    for await (const step of this.stream({ model, system: "", messages, signal })) {
      if (step.kind === "text") answer += step.delta;
    }
    return answer;
  }
}

/** Aliases as `agents.defaults.models` spells them: the model first. */
function aliasesIn(models: Readonly<Record<string, { readonly alias?: string }>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(models).flatMap(([ref, { alias }]) => (alias ? [[alias, ref]] : [])));
}
