/** The model providers there are: those of the config, those that the environment switches on, those found on this machine. */
import type { Settings } from "../../../../base/config/config.ts";
import { invalidRequest } from "../../../../base/errors.ts";
import type { Env } from "../../../../base/files.ts";
import { environmentKeys } from "../keys.ts";
import type { LocalEndpoints } from "../local/local-endpoints.ts";
import type { Model, ModelChoice, Price, Provider } from "../model.ts";
import type { ModelSettings } from "../settings.ts";
import { KNOWN, type KnownProvider, knownProvider } from "./known-providers.ts";
import { authCommand } from "./provider-errors.ts";
import { configuredProvider, modelIn, type ProviderEntry } from "./provider-settings.ts";

export type { Api, Model, Price, Provider } from "../model.ts";

/** Reads the providers from the config at each question, and the environment once. */
export class Providers {
  readonly #settings: Settings<ModelSettings>;
  readonly #env: Env;
  readonly #local: LocalEndpoints;
  readonly #moreAliases: () => Readonly<Record<string, string>>;
  /** The keys in the environment by provider; it does not change while the process lives, and reading it is slow. */
  readonly #envKeys = new Map<string, string[]>();

  /** `moreAliases` are names from elsewhere in the config; those of the `models` section stand above them. */
  constructor(options: {
    settings: Settings<ModelSettings>;
    env: Env;
    local: LocalEndpoints;
    moreAliases?: () => Readonly<Record<string, string>>;
  }) {
    this.#moreAliases = options.moreAliases ?? (() => ({}));
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

  /**
   * The model named `provider/id` or by an alias, in capitals or not. Throws `INVALID_REQUEST` when there is no such
   * provider; a model that is not known by name may exist all the same.
   */
  resolve(name: string): Model {
    const { providerId, id } = this.#parts(name);
    if (providerId === "" || id === "") throw invalidRequest(this.#notAModel(name.trim()));
    const provider =
      this.list().find((candidate) => candidate.id.toLowerCase() === providerId) ?? this.#local.named(providerId);
    if (!provider) throw invalidRequest(this.#unknownProvider(providerId));
    return this.modelOf(provider, id);
  }

  /** A provider as it would be with these settings beside those that it has. Throws `INVALID_REQUEST` without an address. */
  candidate(id: string, said: { apiKey: string; baseUrl?: string; api?: string }): Provider {
    const { apiKeys: _others, ...entry } = this.#settings.current.providers?.[id] ?? {};
    const known = knownProvider(id);
    if (!known && entry.baseUrl === undefined && said.baseUrl === undefined) {
      const names = KNOWN.map((each) => each.id).join(", ");
      throw invalidRequest(`"${id.slice(0, 64)}" is not known by name (${names} are); say its address, the base URL.`);
    }
    return this.#configured(id, { ...entry, ...said } as ProviderEntry);
  }

  /** A model of a provider, with what is known of it. */
  modelOf(provider: Provider, id: string): Model {
    return toModel(provider, modelIn(provider.models, id) ?? { id, name: id });
  }

  /** The price of a model, whether it can be reached now or not; undefined when it is not known. */
  priceOf(name: string): Price | undefined {
    const { providerId, id } = this.#parts(name);
    const provider = this.list().find((candidate) => candidate.id.toLowerCase() === providerId);
    const model = modelIn(provider?.models ?? [], id) ?? modelIn(knownProvider(providerId)?.models ?? [], id);
    if (model?.cost) return model.cost;
    // A local server is free, unless it passes requests on to a cloud.
    return provider?.origin === "found" && !/cloud$/i.test(id) ? { input: 0, output: 0 } : undefined;
  }

  /** Short names of models, as they are written. */
  aliases(): Readonly<Record<string, string>> {
    return { ...this.#moreAliases(), ...this.#settings.current.aliases };
  }

  /** The two parts of a name, or of what it is short for; both are "" when it is no name of a model. */
  #parts(name: string): { providerId: string; id: string } {
    const ref = this.#aliases().get(name.trim().toLowerCase()) ?? name.trim();
    const slash = ref.indexOf("/");
    return slash < 0
      ? { providerId: "", id: "" }
      : { providerId: ref.slice(0, slash).toLowerCase(), id: ref.slice(slash + 1) };
  }

  #aliases(): Map<string, string> {
    return new Map(Object.entries(this.aliases()).map(([alias, ref]) => [alias.toLowerCase(), ref]));
  }

  #notAModel(ref: string): string {
    const shown = `"${ref.slice(0, 100)}"`;
    const aliases = [...this.#aliases().keys()].slice(0, 10);
    const names = aliases.length > 0 ? `, or use an alias (${aliases.join(", ")})` : "";
    return `${shown} is not a model; write it as provider/model, for example ollama/qwen3${names}.`;
  }

  #unknownProvider(id: string): string {
    const known = knownProvider(id);
    if (known) return `${known.label} has no API key; connect it with ${authCommand(id)}.`;
    const names = this.list().map((provider) => provider.id);
    const have = names.length > 0 ? `there are ${names.join(", ")}` : "none is connected yet";
    return `No model provider is called "${id.slice(0, 64)}" (${have}); add one with \`moltbot models auth NAME --base-url URL\`.`;
  }

  #configured(id: string, entry: ProviderEntry): Provider {
    const known = knownProvider(id);
    return configuredProvider(id, entry, { known, url: this.#baseUrlOf(known), keys: this.#keysOf(known) });
  }

  #fromEnv(known: KnownProvider): Provider[] {
    const keys = this.#keysOf(known);
    if (keys.length === 0) return [];
    const provider = configuredProvider(known.id, {}, { known, url: this.#baseUrlOf(known), keys });
    return [{ ...provider, origin: "environment" }];
  }

  #keysOf(known: KnownProvider | undefined): string[] {
    if (!known) return [];
    const keys =
      this.#envKeys.get(known.id) ??
      known.keyEnv.map((name) => environmentKeys(this.#env, name)).find((found) => found.length > 0) ??
      [];
    this.#envKeys.set(known.id, keys);
    return keys;
  }

  #baseUrlOf(known: KnownProvider | undefined): string | undefined {
    return (known?.urlEnv && this.#env[known.urlEnv]?.trim()) || known?.baseUrl;
  }
}

function toModel(provider: Provider, choice: ModelChoice): Model {
  return { ...choice, provider, ref: `${provider.id}/${choice.id}` };
}
